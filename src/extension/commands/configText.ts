/** One application of a new plumbline.yaml. */
export interface NewApplication {
  readonly name: string;
  readonly path: string;
  readonly namespace: string;
}

/**
 * The text of a new plumbline.yaml with one environment.
 * @param environment its name
 * @param context kubeconfig context of its cluster
 */
export function configText(environment: string, context: string, applications: readonly NewApplication[]): string {
  const lines = [
    'apiVersion: plumbline.dev/v1alpha1',
    'kind: Config',
    'environments:',
    `  ${scalar(environment)}:`,
    `    context: ${scalar(context)}`,
  ];
  if (applications.length === 0) return [...lines, 'applications: []', ''].join('\n');
  lines.push('applications:');
  for (const { name, path, namespace } of applications) {
    lines.push(
      `  - name: ${scalar(name)}`,
      `    environment: ${scalar(environment)}`,
      `    path: ${scalar(path === '' ? '.' : path)}`,
      `    namespace: ${scalar(namespace)}`,
    );
  }
  return [...lines, ''].join('\n');
}

/** The lines that another text has in their place: `[startLine, endLine)` of `before` become `lines`. */
export interface LineChange {
  readonly startLine: number;
  readonly endLine: number;
  readonly lines: readonly string[];
}

/** The smallest run of whole lines in which two texts differ. */
export function changedLines(before: string, after: string): LineChange {
  const old = before.split('\n');
  const now = after.split('\n');
  let startLine = 0;
  while (startLine < old.length && startLine < now.length && old[startLine] === now[startLine]) startLine += 1;
  let tail = 0;
  while (tail < old.length - startLine && tail < now.length - startLine && old[old.length - 1 - tail] === now[now.length - 1 - tail])
    tail += 1;
  return { startLine, endLine: old.length - tail, lines: now.slice(startLine, now.length - tail) };
}

/** A YAML scalar: plain when that is safe, else quoted as JSON, which YAML reads the same. */
function scalar(text: string): string {
  const isPlain = /^[A-Za-z_./][\w./@-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n|~)$/i.test(text);
  return isPlain ? text : JSON.stringify(text);
}
