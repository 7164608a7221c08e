import { openSignIn } from "../gateway/sign-in.js"

export function signInCommand(user: string, options: { data: string }): void {
    process.stdout.write(`${openSignIn(options.data, user)}\n`)
}
