import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

type Kind = 'dark' | 'light' | 'highContrast' | 'highContrastLight';
type Rgb = readonly [number, number, number];

const root = new URL('../../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly contributes: { readonly colors: readonly { readonly id: string; readonly defaults: Readonly<Record<Kind, string>> }[] };
};

/** Editor and side bar of VS Code's own themes of each kind: Modern, Plus, 2026 and the two high contrast ones. */
const papers: Readonly<Record<Kind, readonly string[]>> = {
  dark: ['#1f1f1f', '#181818', '#1e1e1e', '#252526', '#121314', '#191a1b'],
  light: ['#ffffff', '#f8f8f8', '#f3f3f3', '#fafafd'],
  highContrast: ['#000000'],
  highContrastLight: ['#ffffff'],
};
/** AA for text, and AAA where high contrast was asked for (WCAG 2). */
const bars: Readonly<Record<Kind, number>> = { dark: 4.5, light: 4.5, highContrast: 7, highContrastLight: 7 };
/** How strongly VS Code paints the description of a tree row, in the colour of its label. */
const descriptionOpacity = 0.7;

function rgb(hex: string): Rgb {
  assert.match(hex, /^#[0-9a-f]{6}$/);
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
  return [r, g, b];
}

function luminance(color: Rgb): number {
  const [r = 0, g = 0, b = 0] = color.map((part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(ink: string, paper: string, opacity = 1): number {
  const [r, g, b] = rgb(paper);
  const [inkR, inkG, inkB] = rgb(ink);
  const seen: Rgb = [inkR * opacity + r * (1 - opacity), inkG * opacity + g * (1 - opacity), inkB * opacity + b * (1 - opacity)];
  const [low = 0, high = 0] = [luminance(seen), luminance(rgb(paper))].sort((left, right) => left - right);
  return (high + 0.05) / (low + 0.05);
}

const kinds = Object.keys(papers) as Kind[];

test('every contributed colour can be read on the themes of its kind', () => {
  const faint = manifest.contributes.colors.flatMap(({ id, defaults }) =>
    kinds.flatMap((kind) =>
      papers[kind].flatMap((paper) => {
        const found = contrast(defaults[kind], paper);
        return found < bars[kind] ? [`${id} ${kind} on ${paper}: ${found.toFixed(2)}`] : [];
      }),
    ),
  );
  assert.deepEqual(faint, []);
});

test('the colour of a degraded row can be read in its paler description too', () => {
  const degraded = manifest.contributes.colors.find(({ id }) => id === 'plumbline.degradedForeground');
  const faint = kinds.flatMap((kind) =>
    papers[kind]
      .filter((paper) => contrast(degraded?.defaults[kind] ?? paper, paper, descriptionOpacity) < 4.5)
      .map((paper) => `${kind} on ${paper}`),
  );
  assert.deepEqual(faint, []);
});

test('gutter icons have the colours that the theme may change, so that icon, ruler and tree agree', () => {
  const contributed = (kind: Kind): ReadonlySet<string> => new Set(manifest.contributes.colors.map(({ defaults }) => defaults[kind]));
  const folder = new URL('media/gutter/', root);
  const foreign = readdirSync(folder).flatMap((name) => {
    const known = contributed(name.endsWith('-dark.svg') ? 'dark' : 'light');
    const text = readFileSync(new URL(name, folder), 'utf8');
    return [...text.matchAll(/(?:fill|stroke)="(#[^"]+)"/g)].flatMap(([, color = '']) => (known.has(color) ? [] : [`${name}: ${color}`]));
  });
  assert.deepEqual(foreign, []);
});
