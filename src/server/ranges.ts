import type { Range } from 'vscode-languageserver/node';
import type { FileRange } from '../engine/model/application.ts';

/** A range of the model as the protocol has it; both count lines and columns from 0. */
export function toRange(range: FileRange): Range {
  return {
    start: { line: range.startLine, character: range.startColumn },
    end: { line: range.endLine, character: range.endColumn },
  };
}
