import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseJournal } from '../../src/index.js';

describe('comments', () => {
  it('may be all there is, with or without words', () => {
    for (const text of [';', '; a', ';a;b', '  ; indented', ';\n\n;']) assert.deepEqual(parseJournal(text), [], text);
  });

  it('may stand between transactions', () => {
    const journal = parseJournal('2024-01-01 a\n  x  1.00\n  y\n;\n;; February\n2024-02-01 b\n  x  2.00\n  y\n');
    assert.deepEqual(
      journal.map(({ line, postings }) => [line, postings[1].amount]),
      [
        [1, -100],
        [6, -200],
      ],
    );
  });

  it('begin at the first semicolon', () => {
    const [only] = parseJournal('2024-01-01 a ; b ; c\n  x  1.00 ; d\n  y ;\n');
    assert.equal(only.description, 'a');
    assert.deepEqual(only.postings, [
      { account: 'x', amount: 100 },
      { account: 'y', amount: -100 },
    ]);
  });
});
