/** The part of `vscode.l10n` that words need; given to pure functions, so that they run without the editor. */
export interface Localizer {
  t(message: string, ...args: (string | number | boolean)[]): string;
  t(message: string, args: Record<string, string | number | boolean>): string;
}
