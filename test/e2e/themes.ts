import type { Page } from 'playwright-core';
import { screenshot } from '../tools/browser.ts';

/** The four kinds of theme: the name that pictures carry, what the system asks for, and the class that the workbench has then. */
export const themes = [
  { kind: 'dark', isDark: true, isHighContrast: false, className: 'vs-dark' },
  { kind: 'hc-dark', isDark: true, isHighContrast: true, className: 'hc-black' },
  { kind: 'hc-light', isDark: false, isHighContrast: true, className: 'hc-light' },
  // The last one is what all other pictures are made in.
  { kind: 'light', isDark: false, isHighContrast: false, className: 'vs' },
] as const;

/** One of {@link themes}. */
export type Theme = (typeof themes)[number];

/** With these settings the workbench follows what the system asks for. */
export const themeSettings = {
  'window.autoDetectColorScheme': true,
  'workbench.preferredLightColorTheme': 'Light Modern',
  'workbench.preferredDarkColorTheme': 'Dark Modern',
};

/** Runs in the page: the system's wishes as `setSystemTheme(isDark, isHighContrast)` gives them; the browser's own forced colours would repaint all. */
export const themeScript = `(() => {
  const wishes = { isDark: false, isHighContrast: false };
  const told = new Set();
  const real = window.matchMedia.bind(window);
  const answers = {
    '(prefers-color-scheme: dark)': () => wishes.isDark,
    '(prefers-color-scheme: light)': () => !wishes.isDark,
    '(forced-colors: active)': () => wishes.isHighContrast,
  };
  window.matchMedia = (query) => {
    const answer = answers[query];
    if (answer === undefined) return real(query);
    const list = new EventTarget();
    Object.defineProperties(list, { media: { value: query }, matches: { get: answer } });
    told.add(list);
    return list;
  };
  window.setSystemTheme = (isDark, isHighContrast) => {
    Object.assign(wishes, { isDark, isHighContrast });
    for (const list of told) list.dispatchEvent(new Event('change'));
  };
})()`;

/** Runs in the page: waits until the theme is painted, with gutter icons and tree icons that were never shown before. */
const painted = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  await frame();
  const icons = [...document.querySelectorAll('.cgmr, .custom-view-tree-node-item-icon')];
  const images = new Set(icons.flatMap((icon) => getComputedStyle(icon).backgroundImage.match(/https?:[^"')]+/g) ?? []));
  await Promise.all([...images].map((src) => Object.assign(new Image(), { src }).decode().catch(() => undefined)));
  await frame();
  await frame();
})()`;

/** Changes the kind of theme while something is open that a gesture would close, in a fraction of a second. */
export class ThemeSwitch {
  readonly #page: Page;

  /** @param page opened with {@link themeScript}, on a server with {@link themeSettings} */
  constructor(page: Page) {
    this.#page = page;
  }

  /** Changes to a kind of theme, and waits until the workbench is painted in it. */
  async to({ isDark, isHighContrast, className }: Theme): Promise<void> {
    await this.#page.evaluate(`window.setSystemTheme(${String(isDark)}, ${String(isHighContrast)})`);
    await this.#page.locator(`.monaco-workbench.${className}`).waitFor();
    await this.#page.evaluate(painted);
  }

  /**
   * Saves what is on the screen as `test/out/screenshots/themes/<surface>-<kind>.png`, in each kind of theme.
   * @param look called in each theme, for what is to be measured in it
   */
  async pictures(surface: string, look: (theme: Theme) => Promise<void> = () => Promise.resolve()): Promise<void> {
    for (const theme of themes) {
      await this.to(theme);
      await look(theme);
      await screenshot(this.#page, `themes/${surface}-${theme.kind}`);
    }
  }
}
