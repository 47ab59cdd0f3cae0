import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterConnection } from '../../../src/engine/cluster/api.ts';
import { type JsonObject, stringAt } from '../../../src/engine/model/json.ts';
import { ChaosProxy } from '../../tools/chaosProxy.ts';
import type { ControlPlane } from '../../tools/controlPlane.ts';
import { customDefinition, established } from '../../tools/definitions.ts';
import { allowed } from '../../tools/rights.ts';
import { CONFIG_MAP, managing, recordChanges, testConnection, until } from './support.ts';

/** Kinds whose CustomResourceDefinition comes, changes and goes while they are watched. @param plane started by the time the tests run */
export function definitionCases(plane: () => ControlPlane): void {
  test('a kind whose CRD is added later is watched from then on, and told as gone with its CRD', async (t) => {
    const controlPlane = plane();
    const gvk = { group: 'shop.example', version: 'v1', kind: 'Order' };
    const connection = await testConnection(t, controlPlane.kubeconfigPath, controlPlane.name);
    const told = recordChanges(t, connection);
    const [before] = await connection.watches.ensureWatched([{ gvk, namespace: 'default' }]);
    await controlPlane.apply([
      customDefinition({
        group: gvk.group,
        kind: gvk.kind,
        properties: {
          spec: {
            type: 'object',
            properties: {
              items: {
                type: 'array',
                items: {
                  type: 'object',
                  properties: { sku: { type: 'string' }, size: { type: 'string', default: 'M' } },
                  required: ['sku'],
                },
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['sku', 'size'],
              },
            },
          },
        },
      }),
    ]);
    await established(controlPlane, 'orders.shop.example');
    await controlPlane.apply([
      { apiVersion: 'shop.example/v1', kind: 'Order', metadata: { name: 'first', namespace: 'default' }, spec: { items: [] } },
    ]);
    await until('the custom resource arrives', () => told.includes('added Order/first'));
    const info = await connection.discovery.resource(gvk);
    // The server publishes a schema a while after it serves the kind.
    await until('its schema is published', async () => (await connection.schemas.schemaOf(gvk)) !== undefined);
    const schema = await connection.schemas.schemaOf(gvk);
    const dry = await connection.patch(
      gvk,
      { group: gvk.group, kind: gvk.kind, namespace: 'default', name: 'first' },
      { spec: { items: [{ sku: 'a' }] } },
      { type: 'merge', dryRun: true },
    );
    await controlPlane.kubectl(['delete', 'crd', 'orders.shop.example']);
    await until('its deletion arrives', () => told.includes('deleted Order/first'));
    assert.deepEqual(
      {
        before: before?.reason?.code,
        servedBy: info?.servedBy,
        hasStatus: info?.hasStatus,
        origin: schema?.document.origin,
        dry: dry.object['spec'],
      },
      { before: 'unknown-kind', servedBy: 'crd', hasStatus: true, origin: 'crd', dry: { items: [{ sku: 'a', size: 'M' }] } },
    );
  });

  test('a new default of a definition is in what is held, though no watch tells of it and the definition may not be watched', async (t) => {
    const controlPlane = plane();
    const gvk = { group: 'mill.example', version: 'v1', kind: 'Stone' };
    const key = { ...gvk, namespace: 'default', name: 'first' };
    const define = async (more: JsonObject): Promise<void> => {
      const properties = { spec: { type: 'object', properties: { size: { type: 'integer' }, ...more } } };
      await controlPlane.apply([customDefinition({ group: gvk.group, kind: gvk.kind, properties })]);
    };
    await define({});
    await established(controlPlane, 'stones.mill.example');
    await controlPlane.apply([
      { apiVersion: 'mill.example/v1', kind: 'Stone', metadata: { name: 'first', namespace: 'default' }, spec: { size: 1 } },
    ]);
    const rights = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'stones' } };
    await controlPlane.apply([
      { ...rights, kind: 'ClusterRole', rules: [{ apiGroups: ['mill.example'], resources: ['stones'], verbs: ['get', 'list', 'watch'] }] },
      {
        ...rights,
        kind: 'ClusterRoleBinding',
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'stones' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'narrow' }],
      },
    ]);
    await allowed(controlPlane, 'narrow', { verb: 'watch', group: gvk.group, resource: 'stones' });

    const follow = async (file?: string): Promise<{ proxy: ChaosProxy; connection: ClusterConnection; told: string[] }> => {
      const proxy = await ChaosProxy.start(controlPlane);
      t.after(() => proxy.stop());
      const connection = await testConnection(t, await proxy.kubeconfig(file), controlPlane.name);
      await connection.watches.change(managing([key]));
      await connection.watches.ensureWatched([gvk, CONFIG_MAP].map((each) => ({ gvk: each, namespace: 'default' })));
      await until('its schema is published', async () => (await connection.schemas.schemaOf(gvk)) !== undefined);
      return { proxy, connection, told: recordChanges(t, connection) };
    };
    const admin = await follow();
    const narrow = await follow(await controlPlane.kubeconfig('narrow'));
    // It knows by now where schemas stand, and reads this one when it has changed.
    const late = await testConnection(t, await controlPlane.kubeconfig('narrow'), controlPlane.name);
    await late.schemas.schemaOf(CONFIG_MAP);
    const grains = (): unknown[] => [admin, narrow].map(({ connection }) => stringAt(connection.watches.get(key), 'spec', 'grain'));
    const before = grains();
    await define({ grain: { type: 'string', default: 'coarse' } });
    await until('who may watch definitions knows', () => grains()[0] === 'coarse');
    await until('who may not knows it by a look', async () => {
      await narrow.connection.lookAgain();
      return grains()[1] === 'coarse';
    });
    const schema = await late.schemas.schemaOf(gvk);
    const lists = (plural: string): number[] =>
      [admin, narrow].map(({ proxy }) => proxy.seen.filter((seen) => seen.includes(`/${plural}?limit=`)).length);
    assert.deepEqual(
      {
        before,
        late: schema?.node.properties?.['spec']?.properties?.['grain']?.default,
        told: [admin.told, narrow.told].map((told) => told.filter((one) => one.endsWith('Stone/first'))),
        configMaps: lists('configmaps')[0],
        // Once more than at first, and again where the server itself ends the watch of a kind that it defines anew.
        isFew: lists('stones').every((count) => count <= 3),
        mostAlike: [admin, narrow].map(({ proxy }) => proxy.mostAlike),
      },
      {
        before: [undefined, undefined],
        late: 'coarse',
        told: Array(2).fill(['modified Stone/first']),
        configMaps: 1,
        isFew: true,
        mostAlike: [1, 1],
      },
    );
  });
}
