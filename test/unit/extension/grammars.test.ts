import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const root = new URL('../../../', import.meta.url);
const require = createRequire(import.meta.url);

/** As much of YAML as an injection meets: comments, keys, strings, flow mappings. */
const yaml = {
  scopeName: 'source.yaml',
  patterns: [{ include: '#any' }],
  repository: {
    any: {
      patterns: [
        { name: 'comment.line.number-sign.yaml', match: '#.*$' },
        { name: 'string.quoted.double.yaml', begin: '"', end: '"' },
        { name: 'meta.flow-mapping.yaml', begin: '\\{', end: '\\}', patterns: [{ include: '#any' }] },
        { name: 'entity.name.tag.yaml', match: '[\\w-]+(?=:)' },
      ],
    },
  },
};

async function grammar(): Promise<textmate.IGrammar> {
  const wasm = await readFile(require.resolve('vscode-oniguruma/release/onig.wasm'));
  await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
  const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as {
    contributes: { grammars: readonly { path: string; scopeName: string; injectTo?: readonly string[] }[] };
  };
  const { grammars } = manifest.contributes;
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (sources: string[]) => new oniguruma.OnigScanner(sources),
      createOnigString: (text: string) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async (scopeName) => {
      if (scopeName === 'source.yaml') return textmate.parseRawGrammar(JSON.stringify(yaml), 'yaml.json');
      const found = grammars.find((each) => each.scopeName === scopeName);
      return found === undefined ? null : textmate.parseRawGrammar(await readFile(new URL(found.path, root), 'utf8'), found.path);
    },
    getInjections: (scopeName) => grammars.filter(({ injectTo }) => injectTo?.includes(scopeName) === true).map((each) => each.scopeName),
  });
  const loaded = await registry.loadGrammar('source.yaml');
  assert.ok(loaded);
  return loaded;
}

test('Helm and Flux are told from YAML, and nothing else is touched', async () => {
  const loaded = await grammar();
  /** Texts with the last scope of ours or of YAML that they have. */
  const tokens = (line: string): unknown =>
    loaded
      .tokenizeLine(line, textmate.INITIAL)
      .tokens.map(({ startIndex, endIndex, scopes }) => [line.slice(startIndex, endIndex), scopes.at(-1)])
      .filter(([text, scope]) => (text ?? '').trim() !== '' && scope !== 'source.yaml');
  const cases: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    [
      'image: "{{ .Values.image.tag | quote }}"',
      [
        ['image', 'entity.name.tag.yaml'],
        ['"', 'string.quoted.double.yaml'],
        ['{{', 'punctuation.section.embedded.begin.helm'],
        ['Values', 'support.variable.helm'],
        ['.image.tag', 'variable.other.property.helm'],
        ['|', 'keyword.operator.pipe.helm'],
        ['quote', 'entity.name.function.helm'],
        ['}}', 'punctuation.section.embedded.end.helm'],
        ['"', 'string.quoted.double.yaml'],
      ],
    ],
    [
      '{{- if and $x (eq .a "b") -}}',
      [
        ['{{-', 'punctuation.section.embedded.begin.helm'],
        ['if', 'keyword.control.helm'],
        ['and', 'keyword.operator.word.helm'],
        ['$x', 'variable.other.helm'],
        ['eq', 'keyword.operator.word.helm'],
        ['.a', 'variable.other.property.helm'],
        ['"b"', 'string.quoted.double.helm'],
        ['-}}', 'punctuation.section.embedded.end.helm'],
      ],
    ],
    [
      'host: ${host:=shop}.example # ${no}',
      [
        ['host', 'entity.name.tag.yaml'],
        ['${', 'punctuation.definition.variable.begin.flux'],
        ['host', 'variable.other.substitution.flux'],
        [':=', 'keyword.operator.substitution.flux'],
        ['shop', 'string.unquoted.default.flux'],
        ['}', 'punctuation.definition.variable.end.flux'],
        ['# ${no}', 'comment.line.number-sign.yaml'],
      ],
    ],
    [
      'a: {b: 1}',
      [
        ['a', 'entity.name.tag.yaml'],
        ['{', 'meta.flow-mapping.yaml'],
        ['b', 'entity.name.tag.yaml'],
        [': 1', 'meta.flow-mapping.yaml'],
        ['}', 'meta.flow-mapping.yaml'],
      ],
    ],
  ];
  for (const [line, expected] of cases) {
    const found = tokens(line) as readonly (readonly [string, string])[];
    assert.deepEqual(
      found.filter(([, scope]) => !scope.startsWith('meta.embedded')),
      expected,
      line,
    );
  }
  // What other tools write with the same braces stays as it is.
  for (const line of ['run: ${{ github.sha }}', 'a: $${literal}', 'price: $5', 'x: $HOME/bin']) {
    const scopes = JSON.stringify(tokens(line));
    assert.ok(!/\.helm|variable\.other\.substitution/.test(scopes), `${line}: ${scopes}`);
  }
});
