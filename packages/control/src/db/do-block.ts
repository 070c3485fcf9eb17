/**
 * A DO statement around a body that holds other people's text: a tenant's id may contain any dollar quote that one could think of. Must never
 * use a quote that the body contains.
 */

/** The statement. */
export function doBlock(body: string): string {
  let tag = "$watertight$";
  for (let number = 1; body.includes(tag); number++) tag = `$watertight${number}$`;
  return `do ${tag} ${body} ${tag}`;
}
