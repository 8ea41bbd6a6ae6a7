/** Whether an environment's name says that it is production: `prod`, `churn-production`, `prod.eu`. */
export function isProductionName(environment: string): boolean {
  return /(^|[-_. ])prod(uction)?($|[-_. ])/i.test(environment);
}
