// Kills the process groups, and removes the folders, of a parent that died without doing so itself (also by SIGKILL).
// Reads lines "+group N", "-group N", "+folder PATH", "-folder PATH" from its parent; acts when that pipe ends.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

const groups = new Set();
const folders = new Set();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, value] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
    if (verb === '+group') groups.add(Number(value));
    else if (verb === '-group') groups.delete(Number(value));
    else if (verb === '+folder') folders.add(value);
    else if (verb === '-folder') folders.delete(value);
  })
  .on('close', () => {
    for (const group of groups) {
      try {
        process.kill(-group, 'SIGKILL');
      } catch {
        // It ended on its own.
      }
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
