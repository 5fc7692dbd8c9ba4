/** Seeded chance, so that every run of a world can be repeated. */

export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `min` to `max`, both included. */
  int(min: number, max: number): number;
  chance(probability: number): boolean;
  /** Throws on an empty list. */
  pick<T>(items: readonly T[]): T;
  /** One of the keys, each as likely as its weight. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K;
  /** An independent generator, so that one consumer's draws do not shift another's. */
  fork(label: string): Random;
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by hashing the text. */
export function seededRandom(seed: string): Random {
  let [a, b, c, d] = hash(seed);
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let warmUp = 0; warmUp < 12; warmUp += 1) next();
  const random: Random = {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    chance: (probability) => next() < probability,
    pick(items) {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error("cannot pick from an empty list");
      return item;
    },
    weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
      const keys = Object.keys(weights) as K[];
      let rest = next() * keys.reduce((sum, key) => sum + weights[key], 0);
      return keys.find((key) => (rest -= weights[key]) < 0) ?? random.pick(keys);
    },
    fork: (label) => seededRandom(`${seed}/${label}`),
  };
  return random;
}

function hash(text: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    words[0] = Math.imul(words[0] ^ code, 0x85ebca6b);
    words[1] = Math.imul(words[1] ^ words[0], 0xc2b2ae35);
    words[2] = (words[2] + words[1] + code) | 0;
  }
  return words;
}
