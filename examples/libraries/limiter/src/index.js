export { durationMs, inWords } from './duration.js';
export { TokenBucket } from './bucket.js';
export { SlidingWindow } from './window.js';
export { delays, retry } from './retry.js';
