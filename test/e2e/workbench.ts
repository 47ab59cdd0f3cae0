import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';
import { screenshot } from '../tools/browser.ts';

/** How long one thing may take to appear, in milliseconds; generous, since the machine may be busy. */
const patienceMs = 60_000;
/** How long a gesture that the workbench may have missed is waited for before it is made again, in milliseconds. */
const gestureMs = 8_000;
/** How long one click may take to be seen, in milliseconds. */
const clickMs = 300;
const titleBarHeight = 35;

/** Runs in the page: the end-of-line notes are generated content, which only computed styles tell. */
const readNotes = `[...document.querySelectorAll('.editor-instance .view-line')].flatMap((line) =>
  [...line.querySelectorAll('span[class*="ced-"]')].flatMap((span) => {
    const { content } = getComputedStyle(span, '::after');
    if (content === 'none' || content === 'normal') return [];
    return [{ line: line.textContent.replaceAll('\\u00a0', ' ').trim(), note: content.replace(/^"|"$/g, '') }];
  }),
)`;

/** Runs in the page: relative luminance and contrast as WCAG 2 defines them. */
const readContrast = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const note = [...document.querySelectorAll('.editor-instance .view-line span[class*="ced-"]')]
    .map((span) => getComputedStyle(span, '::after'))
    .find(({ content }) => content !== 'none' && content !== 'normal');
  const paper = getComputedStyle(document.querySelector('.editor-instance .monaco-editor-background')).backgroundColor;
  const [dark, light] = [luminance(note.color), luminance(paper)].sort((left, right) => left - right);
  return (light + 0.05) / (dark + 0.05);
})()`;

/** The workbench as a user drives it: names of what is seen, no ids of the implementation where a name will do. */
export class Workbench {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(patienceMs);
  }

  /** Shows the sidebar "Plumbline", and waits until it has rows. */
  async openPlumbline(): Promise<void> {
    const view = this.page.locator('.part.sidebar').getByRole('button', { name: 'Applications Section' });
    await this.#insist('rows in the sidebar', {
      // A second click on the tab of an open sidebar closes it.
      gesture: async () => {
        if (!(await view.isVisible()))
          await this.page
            .getByRole('tab', { name: /^Plumbline/ })
            .first()
            .click();
      },
      look: async () => {
        const isThere = (await view.isVisible()) && (await this.page.locator('.part.sidebar').getByRole('treeitem').first().isVisible());
        return isThere ? undefined : this.#sidebarText();
      },
    });
  }

  /** Makes the sidebar so wide, in CSS pixels. */
  async widenSidebar(width: number): Promise<void> {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    if (box === null) throw new Error('no sidebar');
    const y = box.y + box.height - 60;
    await this.page.mouse.move(box.x + box.width, y);
    await this.page.mouse.down();
    await this.page.mouse.move(box.x + width, y, { steps: 4 });
    await this.page.mouse.up();
    await this.restMouse();
  }

  /** Rows of trees and lists whose accessible name matches, in the order of the page. */
  rows(name: string | RegExp): Locator {
    return this.page.getByRole('treeitem', { name });
  }

  /** The first row that matches, visible. */
  async row(name: string | RegExp): Promise<Locator> {
    const row = this.rows(name).first();
    await row.waitFor();
    return row;
  }

  /**
   * Chooses an entry in the menu of a row until it has an effect: a tree that refreshes under the menu closes it.
   * @param look returns undefined once the effect is there, else what it saw
   */
  async chooseInMenu(name: string | RegExp, entry: RegExp, look: () => Promise<string | undefined>): Promise<void> {
    await this.#insist(`effect of ${entry.source}`, {
      gesture: async () => {
        await this.page.keyboard.press('Escape');
        await (await this.row(name)).click({ button: 'right' });
        await this.#clickInMenu(entry);
      },
      look,
    });
  }

  /** A menu takes no click in the first 100 ms after it opened (VS Code's menu.ts): it is clicked until it is gone. */
  async #clickInMenu(entry: RegExp): Promise<void> {
    const item = this.page.getByRole('menuitem', { name: entry }).first();
    const wasThere = await happened(item.waitFor({ timeout: gestureMs }));
    const deadlineMs = Date.now() + gestureMs;
    while (wasThere && Date.now() < deadlineMs) {
      await happened(item.click({ timeout: clickMs }));
      if (await happened(item.waitFor({ state: 'hidden', timeout: clickMs }))) return;
    }
  }

  /** Chooses an entry in the menu of a row until the modal question is there, and returns its text. */
  async askInMenu(name: RegExp, entry: RegExp): Promise<string> {
    await this.chooseInMenu(name, entry, async () => ((await this.dialog().count()) > 0 ? undefined : 'no question yet'));
    return this.question();
  }

  /** Opens a row's children and leaves it focused. */
  async expand(name: string | RegExp): Promise<Locator> {
    const row = await this.row(name);
    if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').click();
    return row;
  }

  /** Text of the status bar item. */
  async status(): Promise<string> {
    const item = this.page.locator('[id="plumbline.plumbline.plumbline.status"]');
    await item.waitFor();
    return (await item.innerText()).trim();
  }

  /** Waits until the status bar item reads so. */
  async untilStatus(expected: RegExp): Promise<void> {
    await until(`status ${expected.source}`, async () => {
      const status = await this.status();
      return expected.test(status) ? undefined : status;
    });
  }

  /** Runs a command by its title through the palette. */
  async command(title: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await this.#insist('command palette', {
      gesture: () => this.page.keyboard.press('F1'),
      look: async () => ((await input.isVisible()) ? undefined : 'no input'),
    });
    await input.fill(`>${title}`);
    // Commands that were used lately stand first, also those that only resemble the title.
    const exact = this.page.locator('.label-name', { hasText: new RegExp(`^${title.replaceAll(/[^\w\s]/g, '\\$&')}$`) });
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ has: exact }).first().click();
  }

  /** Picks an entry of an open quick pick by its beginning: the focused one, for before the list is filtered it is another. */
  async pick(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(text);
    await this.page.locator('.quick-input-list .monaco-list-row.focused', { hasText: text }).first().waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Opens a file of the folder by its path, and waits for its tab. */
  async openFile(path: string): Promise<void> {
    await this.page.keyboard.press('Control+p');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = path.slice(0, -name.length - 1);
    const entry = this.page.locator('.quick-input-list .monaco-list-row', { hasText: name }).filter({ hasText: folder });
    await entry.first().click();
    await this.tab(name).waitFor();
    await this.page.locator('.editor-instance .view-line').first().waitFor();
  }

  /** The tab of a file. */
  tab(name: string): Locator {
    return this.page.locator(`.tab[data-resource-name="${name}"]`);
  }

  /** Goes to a line (1-based) of the active editor. */
  async goToLine(line: number): Promise<void> {
    await this.page.keyboard.press('Control+g');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(`:${String(line)}`);
    await this.page.keyboard.press('Enter');
    // What is pressed while it closes would go nowhere.
    await input.waitFor({ state: 'hidden' });
  }

  /** Closes all editors without saving. */
  async closeEditors(): Promise<void> {
    await this.command('View: Close All Editors');
    await this.page.locator('.editor-instance').first().waitFor({ state: 'detached' });
  }

  /** Visible lines of the editor that carry an end-of-line note: their text and the note. */
  async notes(): Promise<{ line: string; note: string }[]> {
    return this.page.evaluate<{ line: string; note: string }[]>(readNotes);
  }

  /** Waits for a note on the line that starts with `line`; undefined: waits until it has none. */
  async untilNote(line: string, note: RegExp | undefined): Promise<string> {
    let text = '';
    await until(`note ${note?.source ?? 'gone'} on '${line}'`, async () => {
      const notes = await this.notes();
      const found = notes.find((entry) => entry.line.startsWith(line));
      text = found?.note ?? '';
      const isThere = note === undefined ? found === undefined : note.test(text);
      return isThere ? undefined : JSON.stringify(notes);
    });
    return text;
  }

  /**
   * Moves the mouse onto the first visible line that contains a text, and returns what the hover says.
   * @param expected what it has to say: Problems are there before the engine has answered
   */
  async hover(lineText: string, expected = /Open Diff/): Promise<string> {
    const line = this.page.locator('.editor-instance .view-line', { hasText: lineText }).first();
    // The first spans of a line are its decoration and its indentation.
    const word = line.locator('span > span', { hasText: /\w/ }).first();
    const hover = this.page.locator('.monaco-resizable-hover', { hasText: expected }).first();
    await this.#insist(`hover on '${lineText}'`, {
      gesture: async () => {
        // A CodeLens that comes moves the lines.
        const box = await word.boundingBox();
        if (box === null) throw new Error(`no line '${lineText}'`);
        await this.page.mouse.move(box.x + 200, box.y + 200);
        await this.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 8 });
      },
      look: async () => ((await hover.isVisible()) ? undefined : 'no hover'),
    });
    // It fades in, and a picture of it half faded is of no use.
    await this.page.waitForFunction(`document.querySelector('.monaco-resizable-hover').getAnimations({ subtree: true }).length === 0`);
    return hover.innerText();
  }

  /** Goes to the next problem of the active file, until the one that is expected is shown in full. */
  async nextProblem(expected: RegExp): Promise<void> {
    const shown = this.page.locator('.zone-widget', { hasText: expected });
    await this.#insist(`problem ${expected.source}`, {
      gesture: () => this.page.keyboard.press('Alt+F8'),
      look: async () => ((await shown.count()) > 0 ? undefined : 'another or none'),
    });
  }

  /** Opens the list of actions at the cursor, and returns what it offers. */
  async quickFixes(): Promise<string[]> {
    const actions = this.page.locator('.action-widget .monaco-list-row.action');
    await this.#insist('the list of actions', {
      gesture: async () => {
        await this.page.keyboard.press('Escape');
        await this.page.keyboard.press('Control+.');
      },
      look: async () => ((await actions.count()) > 0 ? undefined : 'no list'),
    });
    return (await actions.allInnerTexts()).map((text) => text.trim());
  }

  /** Takes an action of the open list. */
  async chooseFix(label: RegExp): Promise<void> {
    await this.page.locator('.action-widget .monaco-list-row.action', { hasText: label }).first().click();
  }

  /** Contrast of the first end-of-line note against the editor (WCAG 2, 1 to 21). */
  async noteContrast(): Promise<number> {
    return this.page.evaluate<number>(readContrast);
  }

  /** Waits until the visible text of the active editor matches. */
  async untilText(expected: RegExp): Promise<void> {
    await until(`text ${expected.source}`, async () => {
      const lines = await this.page.locator('.editor-group-container.active .view-line').allInnerTexts();
      const text = lines.join('\n').replaceAll('\u00a0', ' ');
      return expected.test(text) ? undefined : text;
    });
  }

  /** Text of both sides of the open diff editor. */
  async diffSides(): Promise<{ original: string; modified: string }> {
    const read = async (side: string): Promise<string> => {
      const lines = this.page.locator(`.monaco-diff-editor .editor.${side} .view-line`);
      await lines.first().waitFor();
      return (await lines.allInnerTexts()).join('\n').replaceAll('\u00a0', ' ');
    };
    return { original: await read('original'), modified: await read('modified') };
  }

  /** The modal question. @param text that it has to contain */
  dialog(text: string | RegExp = ''): Locator {
    return this.page.locator('.monaco-dialog-box', { hasText: text });
  }

  /** Text of the modal question, once there is one that contains `text`. */
  async question(text: string | RegExp = ''): Promise<string> {
    await this.dialog(text).waitFor();
    return this.dialog(text).innerText();
  }

  /** Presses a button of the modal question. */
  async answer(button: string | RegExp): Promise<void> {
    // The next question may come before anybody has seen that this one is gone.
    const asked = await this.dialog().elementHandle();
    await this.dialog().getByRole('button', { name: button }).click();
    await asked.waitForElementState('hidden');
  }

  /** What the Problems view lists. */
  async problems(): Promise<string[]> {
    await this.command('Problems: Focus on Problems View');
    await this.page.locator('.markers-panel').waitFor();
    return this.page.locator('.markers-panel .monaco-list-row').allInnerTexts();
  }

  /** Closes the panel below the editors, where Problems are listed. */
  async closePanel(): Promise<void> {
    await this.command('View: Hide Panel');
    await this.page.locator('.markers-panel').waitFor({ state: 'hidden' });
  }

  /** Texts of the notifications that are on the screen. */
  async notifications(): Promise<string[]> {
    return this.page.locator('.notification-toast').allInnerTexts();
  }

  /** What the sidebar, the dialogs, the notifications and the quick input say, for the message of a failure. */
  async seen(): Promise<string> {
    // What is hidden would tell its style sheets.
    const shownWidgets = ['.monaco-dialog-box', '.notification-toast', '.quick-input-widget', '.monaco-menu']
      .map((one) => `${one}:visible`)
      .join();
    const others = await this.page.locator(shownWidgets).allInnerTexts();
    return [await this.#sidebarText(), ...others].map((text) => text.replaceAll(/\s*\n\s*/g, ' / ')).join(' || ');
  }

  async #sidebarText(): Promise<string> {
    return (await this.page.locator('.part.sidebar').allInnerTexts()).join(' ');
  }

  /** Makes a gesture, and makes it again when the workbench, still busy, did not take it. */
  async #insist(what: string, { gesture, look }: { gesture: () => Promise<void>; look: () => Promise<string | undefined> }): Promise<void> {
    let againAtMs = 0;
    await until(what, async () => {
      const seen = await look();
      if (seen === undefined || Date.now() < againAtMs) return seen;
      await gesture();
      againAtMs = Date.now() + gestureMs;
      return look();
    });
  }

  /** Moves the mouse where it hovers over nothing. */
  async restMouse(): Promise<void> {
    await this.page.mouse.move(700, 4);
  }

  /** With `PLUMBLINE_README_PICTURES` set, saves the window without its title bar as `media/readme/<name>.png`. */
  async readmePicture(name: string): Promise<void> {
    if ((process.env['PLUMBLINE_README_PICTURES'] ?? '') === '') return;
    const size = this.page.viewportSize();
    if (size === null) throw new Error('no window');
    const path = fileURLToPath(new URL(`../../media/readme/${name}.png`, import.meta.url));
    await this.page.screenshot({ path, clip: { x: 0, y: titleBarHeight, width: size.width, height: size.height - titleBarHeight } });
  }

  /** Saves a picture as `test/out/screenshots/<name>.png`. */
  async picture(name: string): Promise<string> {
    return screenshot(this.page, name);
  }
}

/** Whether something happened before its own timeout; the caller says what is to be done when it did not. */
async function happened(wait: Promise<void>): Promise<boolean> {
  return wait.then(
    () => true,
    () => false,
  );
}

/**
 * Polls a condition about something outside this process.
 * @param look returns undefined when it holds, else what it saw, for the message
 */
export async function until(what: string, look: () => Promise<string | undefined>, timeoutMs = patienceMs): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen === undefined) return;
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${String(timeoutMs / 1000)} s; last seen: ${seen}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
