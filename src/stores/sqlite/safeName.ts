/** Ids as names of files: nothing in them leads out of the folder. */
export function safeName(id: string): string {
  return encodeURIComponent(id).replaceAll(".", "%2E");
}
