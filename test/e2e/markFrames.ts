import type { Page } from 'playwright-core';

/** What one painted frame of the editor showed of a line. */
export interface MarkFrame {
  /** CSS pixels from the top of the window; undefined: the line was not there */
  readonly top: number | undefined;
  readonly note: string | undefined;
  readonly hasIcon: boolean;
}

/** Runs in the page: looks at the line before each frame is painted. */
const recorder = (lineStart: string): string => `(() => {
  const frames = [];
  let isOn = true;
  const look = () => {
    const line = [...document.querySelectorAll('.editor-instance .view-line')]
      .find(({ textContent }) => textContent.replaceAll('\\u00a0', ' ').trim().startsWith(${JSON.stringify(lineStart)}));
    if (line === undefined) return { hasIcon: false };
    const { top } = line.getBoundingClientRect();
    const contents = [...line.querySelectorAll('span[class*="ced-"]')].map((span) => getComputedStyle(span, '::after').content);
    const icons = [...document.querySelectorAll('.editor-instance .cgmr')];
    return {
      top,
      note: contents.find((content) => content !== 'none' && content !== 'normal'),
      hasIcon: icons.some((icon) => Math.abs(icon.getBoundingClientRect().top - top) < 2),
    };
  };
  const tick = () => {
    if (!isOn) return;
    frames.push(look());
    requestAnimationFrame(tick);
  };
  tick();
  window.stopRecordingMark = () => {
    isOn = false;
    return frames;
  };
})()`;

/**
 * Records what every painted frame shows of a marked line.
 * @param lineStart how the line begins
 * @returns ends the recording and gives the frames, each run of equal ones as one
 */
export async function recordMark(page: Page, lineStart: string): Promise<() => Promise<readonly MarkFrame[]>> {
  await page.evaluate(recorder(lineStart));
  return async () => {
    const frames = await page.evaluate<MarkFrame[]>('window.stopRecordingMark()');
    return frames.filter((frame, index) => JSON.stringify(frame) !== JSON.stringify(frames[index - 1]));
  };
}
