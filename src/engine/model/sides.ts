/** The sides of one object (design.md §2). `revision:<sha>` names any other commit. */
export type Side = 'working tree' | 'HEAD' | 'target' | 'synced' | 'live' | `revision:${string}`;

/** The neighbouring pairs, each with the question it answers as a word. Left and right as a diff shows them. */
export const sidePairs = [
  { left: 'live', right: 'target', word: 'plan' },
  { left: 'live', right: 'synced', word: 'drifted' },
  { left: 'synced', right: 'target', word: 'out of sync' },
  { left: 'target', right: 'HEAD', word: 'ahead, behind' },
  { left: 'HEAD', right: 'working tree', word: 'edited' },
  { left: 'live', right: 'working tree', word: 'live and edits' },
] as const satisfies readonly { left: Side; right: Side; word: string }[];
