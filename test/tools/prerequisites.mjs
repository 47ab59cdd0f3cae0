// What must be on the machine, and the command that installs what is not.
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { exists } from './cache.mjs';
import { isCodeServerInstalled } from './codeServerInstall.mjs';
import { ToolError } from './main.mjs';
import { run } from './processes.mjs';

const GO_MINOR = 26;
const NODE_MAJOR = 20;

async function find(...names) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of names) if (await exists(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

async function hasHeader(name) {
  const triplets = (await readdir('/usr/include').catch(() => [])).filter((folder) => folder.includes('-linux-'));
  const folders = ['/usr/include', '/usr/local/include', '/opt/homebrew/include', ...triplets.map((folder) => `/usr/include/${folder}`)];
  for (const folder of folders) if (await exists(join(folder, name))) return true;
  return false;
}

async function goProblem() {
  const cure = 'install Go 1.26 or later (https://go.dev/dl/, or a backport: apt-get install golang-go)';
  if ((await find('go')) === undefined) return `go was not found: ${cure}`;
  const version = await run('go', ['version']).catch(() => '');
  const minor = Number(/go1\.(\d+)/.exec(version)?.[1] ?? 0);
  return minor >= GO_MINOR ? undefined : `${version.trim()} is too old: ${cure}`;
}

/** Debian packages without which code-server's addons do not compile. */
async function packagesForCodeServer() {
  const packages = [];
  if ((await find('make')) === undefined || (await find('g++', 'clang++')) === undefined) packages.push('build-essential');
  if ((await find('python3')) === undefined) packages.push('python3');
  if ((await find('pkg-config')) === undefined) packages.push('pkg-config');
  if (!(await hasHeader('gssapi/gssapi.h'))) packages.push('libkrb5-dev');
  return packages;
}

/**
 * Fails with everything that is missing, each with its cure.
 * @param {{go?: boolean, codeServer?: boolean, browser?: boolean, desktop?: boolean}} wanted
 */
export async function checkPrerequisites(wanted) {
  const problems = [];
  const packages = [];
  if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR) {
    problems.push(`Node ${process.versions.node} is too old: install Node ${NODE_MAJOR} or later (apt-get install nodejs npm)`);
  }
  if ((await find('git')) === undefined) packages.push('git');
  if ((await find('npm')) === undefined) packages.push('npm');
  if (wanted.go) {
    const problem = await goProblem();
    if (problem !== undefined) problems.push(problem);
  }
  if (wanted.codeServer && !(await isCodeServerInstalled())) packages.push(...(await packagesForCodeServer()));
  if (
    wanted.browser &&
    !process.env.CHROMIUM &&
    (await find('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')) === undefined
  ) {
    packages.push('chromium');
  }
  if (packages.length > 0)
    problems.push(`These are missing: ${packages.join(', ')}. Install them with:\n    apt-get install -y ${packages.join(' ')}`);
  if (problems.length > 0) throw new ToolError(problems.join('\n'));
}
