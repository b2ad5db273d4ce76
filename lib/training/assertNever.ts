import { AppError } from '../contracts/appError.ts'

/** Ends a switch over a closed union. @throws INTERNAL when a value escaped the types */
export function assertNever(value: never): never {
  throw new AppError('INTERNAL', 'a value escaped its union', { value: String(value) })
}
