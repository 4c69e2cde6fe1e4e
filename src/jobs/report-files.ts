/** Names of a detector's report beside the completion file: the page, and what it says as data. */
export function reportNames(karaboId: string): { readonly page: string; readonly data: string } {
  return { page: `quality_${karaboId}.html`, data: `quality_${karaboId}.json` }
}
