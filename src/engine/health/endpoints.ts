import { arrayAt, isJsonObject, type JsonValue, objectAt, stringAt, valueAt } from '../model/json.ts';
import { type KubeObject, labelsOf, nameOf } from '../model/objects.ts';
import type { Health } from '../model/states.ts';
import { conditionsOf, groupKind, isTrue } from './reading.ts';

/** Labels of a Pod, or of those that a workload makes. */
export type PodLabels = Readonly<Record<string, string>>;

/** What stands beside a Service or an Ingress in its namespace; asked only as far as it is needed. */
export interface Neighbours {
  /** undefined: not known */
  readonly pods: () => readonly KubeObject[] | undefined;
  /** whether a Service is there, or will be since Git brings it; undefined: not known */
  readonly hasService: (name: string) => boolean | undefined;
  /** a Service in full, for what stands behind an Ingress */
  readonly serviceOf: (name: string) => KubeObject | undefined;
  /** whether any workload, one that runs no Pod as well, makes Pods with such labels; undefined: others may make Pods, too */
  readonly makesPods: (matches: (labels: PodLabels) => boolean) => boolean | undefined;
}

/**
 * Health of a Service or Ingress in the light of what answers behind it. Argo CD and kstatus call both healthy with nothing behind them;
 * so the status changes only where nothing can ever answer: a selector that fits no Pod of anything, a Service that does not exist. What
 * may pass (no Pod ready, scaled to zero) is said and changes nothing.
 * @param own health by the object alone
 */
export function withEndpoints(object: KubeObject, own: Health, neighbours: Neighbours): Health {
  if (own.status === 'degraded') return own;
  switch (groupKind(object)) {
    case 'Service':
      return serviceEndpoints(object, own, neighbours);
    case 'networking.k8s.io/Ingress':
      return ingressBackends(object, own, neighbours);
    default:
      return own;
  }
}

function serviceEndpoints(service: KubeObject, own: Health, neighbours: Neighbours): Health {
  const selector = Object.entries(objectAt(service, 'spec', 'selector')).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  if (selector.length === 0 || stringAt(service, 'spec', 'type') === 'ExternalName') return own;
  const pods = valueAt(service, 'spec', 'publishNotReadyAddresses') === true ? undefined : neighbours.pods();
  if (pods === undefined) return own;
  const matches = (labels: PodLabels): boolean => selector.every(([name, value]) => labels[name] === value);
  const behind = pods.filter((pod) => matches(labelsOf(pod)) && mayAnswer(pod));
  if (behind.some((pod) => isTrue(conditionsOf(pod), 'Ready'))) return own;
  if (behind.length > 0)
    return saying(own, behind.length === 1 ? 'its only Pod is not ready' : `none of its ${String(behind.length)} Pods is ready`);
  const text = selector.map(([name, value]) => `${name}=${value}`).join(',');
  if (neighbours.makesPods(matches) !== false) return saying(own, `no Pod is there for its selector ${text}`);
  return { status: 'degraded', message: `its selector ${text} fits the Pods of no workload` };
}

function mayAnswer(pod: KubeObject): boolean {
  const phase = stringAt(pod, 'status', 'phase');
  return stringAt(pod.metadata, 'deletionTimestamp') === undefined && phase !== 'Succeeded' && phase !== 'Failed';
}

function ingressBackends(ingress: KubeObject, own: Health, neighbours: Neighbours): Health {
  const { hasService, serviceOf } = neighbours;
  const backends = backendsOf(ingress);
  for (const { name, port } of backends) {
    if (hasService(name) === false) return { status: 'degraded', message: `its Service ${name} does not exist` };
    const service = serviceOf(name);
    if (service === undefined || port === undefined) continue;
    const ports = arrayAt(service, 'spec', 'ports');
    const has = ports.some((each) => valueAt(each, typeof port === 'number' ? 'port' : 'name') === port);
    if (ports.length > 0 && !has) return { status: 'degraded', message: `its Service ${name} has no port ${String(port)}` };
  }
  for (const { name } of backends) {
    const service = serviceOf(name);
    if (service === undefined) continue;
    const { message } = serviceEndpoints(service, { status: 'healthy' }, neighbours);
    if (message !== undefined) return saying(own, `Service ${nameOf(service)}: ${message}`);
  }
  return own;
}

interface Backend {
  readonly name: string;
  readonly port: string | number | undefined;
}

function backendsOf(ingress: KubeObject): readonly Backend[] {
  const paths = arrayAt(ingress, 'spec', 'rules').flatMap((rule) => arrayAt(rule, 'http', 'paths').map((path) => valueAt(path, 'backend')));
  return [valueAt(ingress, 'spec', 'defaultBackend'), ...paths].flatMap((backend) => backendOf(valueAt(backend, 'service')));
}

function backendOf(service: JsonValue | undefined): readonly Backend[] {
  const name = stringAt(service, 'name');
  if (!isJsonObject(service) || name === undefined) return [];
  const port = valueAt(service, 'port', 'number') ?? valueAt(service, 'port', 'name');
  return [{ name, port: typeof port === 'number' || typeof port === 'string' ? port : undefined }];
}

function saying({ status, message }: Health, text: string): Health {
  return { status, message: message === undefined ? text : `${message}; ${text}` };
}
