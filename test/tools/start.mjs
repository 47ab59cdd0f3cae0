// `npm start`: from a clone to real drift in VS Code. Sets up in plain JavaScript, then goes on as session.ts under Node 24.
import { isProgram, isProjectNode, main, ToolError, underProjectNode } from './main.mjs';
import { checkPrerequisites } from './prerequisites.mjs';
import { BUNDLES, CODE_SERVER, CONTROL_PLANE, DEPENDENCIES, goStep, RENDERER } from './setup.mjs';
import { runSteps } from './steps.mjs';

const USAGE = `npm start [-- OPTIONS]
  (none)                        a local Kubernetes control plane, a sample config repo with drift, and VS Code in the browser on it
  --desktop                     your own VS Code (\`code\` on PATH) instead of the browser
  --context NAME --folder DIR   your own cluster and config repo instead of the sample; nothing is written to them
  --port N                      port of VS Code in the browser; default 8484, or a free one when it is taken`;

/** @returns {{desktop: boolean, context?: string, folder?: string, port?: number}} */
function parse(args) {
  const options = { desktop: false };
  for (let index = 0; index < args.length; index++) {
    const [name, inline] = args[index].split('=', 2);
    const value = () => {
      const text = inline ?? args[++index];
      if (text === undefined || text === '') throw new ToolError(`${name} needs a value.\n${USAGE}`);
      return text;
    };
    if (name === '--desktop') options.desktop = true;
    else if (name === '--context') options.context = value();
    else if (name === '--folder') options.folder = value();
    else if (name === '--port') options.port = Number(value());
    else if (name === '--help' || name === '-h') options.help = true;
    else throw new ToolError(`Unknown option ${name}.\n${USAGE}`);
  }
  if ((options.context === undefined) !== (options.folder === undefined))
    throw new ToolError(`--context and --folder go together.\n${USAGE}`);
  if (options.port !== undefined && !(options.port > 0 && options.port < 65536))
    throw new ToolError(`--port needs a port number.\n${USAGE}`);
  return options;
}

if (isProgram(import.meta.url)) {
  await main(async ({ args, signal }) => {
    const options = parse(args);
    if (options.help) {
      console.log(USAGE);
      return 0;
    }
    if (!isProjectNode()) {
      const isSample = options.context === undefined;
      await checkPrerequisites({ go: true, codeServer: !options.desktop, desktop: options.desktop });
      await runSteps(
        [
          DEPENDENCIES,
          ...(isSample ? [...CONTROL_PLANE, goStep('helm')] : []),
          RENDERER,
          BUNDLES,
          ...(options.desktop ? [] : [CODE_SERVER]),
        ],
        signal,
      );
      return underProjectNode(import.meta.url, args, signal);
    }
    const { runSession } = await import('./session.ts');
    return runSession(options, signal);
  });
}
