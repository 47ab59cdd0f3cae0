import { styleText } from 'node:util';

/** What a piece of text is, so that one place decides how it looks. */
export type TextRole = 'title' | 'path' | 'git' | 'live' | 'muted' | 'good' | 'bad' | 'warning';

const formats = {
  title: 'bold',
  path: 'cyan',
  git: 'green',
  live: 'red',
  muted: 'dim',
  good: 'green',
  bad: 'red',
  warning: 'yellow',
} as const satisfies Readonly<Record<TextRole, string>>;

/** Paints text for a terminal, or leaves it plain. */
export type Painter = (role: TextRole, text: string) => string;

/** A painter. @param isColored whether the output is a terminal that wants colours */
export function createPainter(isColored: boolean): Painter {
  return (role, text) => (isColored ? styleText(formats[role], text, { validateStream: false }) : text);
}

/** Whether to colour: a terminal, no `NO_COLOR` (no-color.org), no `TERM=dumb`, or forced by `FORCE_COLOR`. */
export function wantsColor(isTerminal: boolean, noColor: boolean, environment: Readonly<Record<string, string | undefined>>): boolean {
  if (noColor || (environment['NO_COLOR'] ?? '') !== '') return false;
  if ((environment['FORCE_COLOR'] ?? '0') !== '0') return true;
  return isTerminal && environment['TERM'] !== 'dumb';
}

const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from a repo or a cluster without control characters, so that it cannot drive the terminal. */
export function safeText(text: string): string {
  return text.replaceAll(control, '\uFFFD');
}
