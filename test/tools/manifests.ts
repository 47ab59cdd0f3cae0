/** What a {@link deploymentYaml} says, as it stands in the text: with quotes and comments where there are some. */
export interface DeploymentText {
  /** labels of the object itself; absent: it has none */
  readonly labels?: string;
  readonly replicas?: string;
  readonly image?: string;
}

/** The manifest of a Deployment `web` with one container `web`: `spec.replicas` in the 6th line (one more with labels), the image in the last. */
export function deploymentYaml({ labels, replicas = '2', image = 'registry.example/web:1.0' }: DeploymentText = {}): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
${labels === undefined ? '' : `  labels: ${labels}\n`}spec:
  replicas: ${replicas}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: web
          image: ${image}
`;
}

/** An application as a {@link configYaml} declares it. */
export interface ConfigApplication {
  readonly name: string;
  readonly path: string;
  readonly namespace: string;
}

/** What a {@link configYaml} says of its environment. */
interface ConfigOptions {
  /** the cluster's identity; absent: whichever the context leads to */
  readonly clusterUid?: string;
  /** its name; default `prod` */
  readonly environment?: string;
  /** default: that of a control plane without a name */
  readonly context?: string;
}

/** A plumbline.yaml with one environment on the control plane of a test; the first application stands in the 6th line, one a line. */
export function configYaml(
  applications: readonly ConfigApplication[],
  { clusterUid, environment = 'prod', context = 'plumbline-dev' }: ConfigOptions = {},
): string {
  const uid = clusterUid === undefined ? '' : `, clusterUid: ${clusterUid}`;
  const entries = applications.map(
    ({ name, path, namespace }) => `  - {name: ${name}, environment: ${environment}, path: ${path}, namespace: ${namespace}}\n`,
  );
  return `apiVersion: plumbline.dev/v1alpha1
kind: Config
environments:
  ${environment}: {context: ${context}${uid}}
applications:
${entries.join('')}`;
}

/** {@link configYaml} of applications in one namespace, each named after its path: `apps-shop` for `apps/shop`. */
export function configOfPaths(namespace: string, ...paths: readonly string[]): string {
  return configYaml(paths.map((path) => ({ name: path.replaceAll('/', '-'), path, namespace })));
}
