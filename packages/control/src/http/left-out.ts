/** An object without some of its members: what the API does not show. */
export function leftOut<T extends object, K extends keyof T>(from: T, ...members: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !members.includes(name as K))) as Omit<T, K>;
}
