import type { KubeObject } from '../model/objects.ts';
import { current, failed, inProgress, type KStatus } from './kstatusResult.ts';
import { conditionsOf, conditionText } from './reading.ts';

/** kstatus of a CustomResourceDefinition. Source: cli-utils pkg/kstatus/status/core.go, crdConditions. */
export function customResourceDefinitionStatus(object: KubeObject): KStatus {
  for (const condition of conditionsOf(object)) {
    if (condition.type === 'NamesAccepted' && condition.status === 'False') return failed(conditionText(condition));
    if (condition.type !== 'Established') continue;
    if (condition.status === 'True') return current;
    if (condition.status === 'False' && condition.reason !== 'Installing') return failed(conditionText(condition));
  }
  return inProgress('not established yet');
}
