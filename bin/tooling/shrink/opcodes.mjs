// The instruction set of the tracker's machine, as bytecode 2.16 has it.
//
// Source: the compiler's `Op`, `OP_PROPS` and `OP_PRINT_FMTS` tables (devicescript-cli.cjs of
// @devicescript/cli 2.16.4, generated from DeviceScript's bytecode/bytecode.md), and for what an
// instruction does to the machine its handler in runtime/devicescript/vm_ops.c. A test holds this
// table against the compiler's.
//
// A program is a list of statements. A statement is its arguments in order, each in postfix, then
// its opcode, then an immediate number when it takes one.

/**
 * What an immediate number means. `jump` is relative to the opcode's own place.
 * @typedef {"none" | "jump" | "local" | "global" | "closure" | "function" | "buffer" | "builtin" |
 *     "ascii" | "utf8" | "float" | "spec" | "object" | "int"} Immediate
 */

/**
 * @typedef {object} Opcode
 * @property {string} name as in bytecode.md
 * @property {number} args how many values it takes from the stack
 * @property {Immediate} immediate
 * @property {boolean} isStatement
 */

/** @type {Map<number, Opcode>} */
export const OPCODES = new Map()
/** Opcode numbers by name. @type {Record<string, number>} */
export const OP = {}

/** @param {boolean} isStatement @param {Immediate} immediate @param {string} rows */
function define(isStatement, immediate, rows) {
    for (const row of rows.trim().split(/\s+/)) {
        const [name = "", code, args] = row.split(":")
        OPCODES.set(Number(code), { name, args: Number(args), immediate, isStatement })
        OP[name] = Number(code)
    }
}

define(true, "none", "call0:2:1 call1:3:2 call2:4:3 call3:5:4 call4:6:5 call5:7:6 call6:8:7")
define(true, "none", "call7:9:8 call8:10:9 call_array:79:2 return:12:1 catch:82:0 finally:83:0")
define(true, "none", "throw:84:1 re_throw:85:1 debugger:87:0 store_buffer:19:4 store_ret_val:93:1")
define(true, "none", "index_set:25:3 index_delete:11:2 alloc_map:31:0 alloc_array:32:1")
define(true, "none", "alloc_buffer:33:1")
define(true, "jump", "jmp:13:0 jmp_z:14:1 jmp_ret_val_z:78:0 try:80:0 end_try:81:0 throw_jmp:86:1")
define(true, "local", "store_local:17:1")
define(true, "global", "store_global:18:1")
define(true, "closure", "store_closure:73:2")
define(false, "local", "load_local:21:0")
define(false, "global", "load_global:22:0")
define(false, "closure", "load_closure:74:1")
define(false, "function", "make_closure:75:0 static_function:39:0")
define(false, "builtin", "builtin_field:26:1 math_field:29:0 ds_field:30:0 object_field:16:0")
define(false, "builtin", "static_builtin_string:36:0")
define(false, "ascii", "ascii_field:27:1 static_ascii_string:37:0")
define(false, "utf8", "utf8_field:28:1 static_utf8_string:38:0")
define(false, "buffer", "static_buffer:35:0")
define(false, "spec", "static_spec_proto:34:0 static_spec:94:0")
define(false, "int", "literal:40:0")
define(false, "float", "literal_f64:41:0")
define(false, "object", "builtin_object:1:0")
define(false, "none", "index:24:2 new:88:1 bind:15:2 load_buffer:43:3 ret_val:44:0 typeof:45:1")
define(false, "none", "typeof_str:76:1 undefined:46:0 null:90:0 is_undefined:47:1 instance_of:89:2")
define(
    false,
    "none",
    "is_nullish:72:1 true:48:0 false:49:0 to_bool:50:1 nan:51:0 inf:20:0 abs:52:1",
)
define(false, "none", "bit_not:53:1 is_nan:54:1 neg:55:1 uplus:23:1 not:56:1 to_int:57:1 add:58:2")
define(false, "none", "sub:59:2 mul:60:2 div:61:2 bit_and:62:2 bit_or:63:2 bit_xor:64:2")
define(false, "none", "shift_left:65:2 shift_right:66:2 shift_right_unsigned:67:2 eq:68:2 le:69:2")
define(false, "none", "lt:70:2 ne:71:2 approx_eq:91:2 approx_ne:92:2")

/** A byte from here on is a small number itself: the byte less 144. */
export const FIRST_SMALL_NUMBER = 0x80
/** The least small number there is, and the greatest. */
export const LEAST_SMALL_NUMBER = -16
export const MOST_SMALL_NUMBER = 111
/** An immediate below this is one byte; from here on a byte tells sign and length. */
export const FIRST_LONG_IMMEDIATE = 0xf8

/** The most values that the machine's stack holds (`max_stack_depth`). */
export const STACK_DEPTH = 16

/** Statements after which the next one is not reached by itself. `re_throw` is none: it does nothing
 * when there is nothing to throw. */
const FINAL = new Set([OP.jmp, OP.end_try, OP.return, OP.throw, OP.throw_jmp])
/** Statements that leave something else in the machine's result register. */
const SETS_RESULT = new Set(
    [2, 3, 4, 5, 6, 7, 8, 9, 10].concat(
        [OP.call_array, OP.index_delete, OP.alloc_map, OP.alloc_array, OP.alloc_buffer].map(Number),
        [OP.catch, OP.finally, OP.store_ret_val].map(Number),
    ),
)
/** Expressions that can throw: they look into a value, call a property, or build a string. */
const MAY_THROW = new Set(
    ["index", "builtin_field", "ascii_field", "utf8_field", "math_field", "ds_field"]
        .concat(["object_field", "new", "bind", "load_buffer", "instance_of", "add"])
        .map((name) => OP[name]),
)
/** Expressions whose value is true or false. */
const IS_BOOLEAN = new Set(
    ["is_undefined", "instance_of", "is_nullish", "true", "false", "to_bool", "is_nan", "not"]
        .concat(["eq", "le", "lt", "ne", "approx_eq", "approx_ne"])
        .map((name) => OP[name]),
)

/** Expressions whose value is a whole number of 32 bits. */
const IS_WHOLE = new Set(
    ["bit_and", "bit_or", "bit_xor", "bit_not", "shift_left", "shift_right", "to_int"].map(
        (name) => OP[name],
    ),
)

/** @param {number} op */
export const isWhole = (op) => IS_WHOLE.has(op)
/** @param {number} op */
export const isFinal = (op) => FINAL.has(op)
/** @param {number} op */
export const setsResult = (op) => SETS_RESULT.has(op)
/** @param {number} op */
export const opMayThrow = (op) => MAY_THROW.has(op)
/** @param {number} op */
export const isBoolean = (op) => IS_BOOLEAN.has(op)
/** @param {number} op */
export const jumps = (op) => OPCODES.get(op)?.immediate === "jump"
/** True for the calls that take their arguments from the stack. @param {number} op */
export const isCall = (op) => op >= Number(OP.call0) && op <= Number(OP.call8)
