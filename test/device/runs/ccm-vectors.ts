// AES-256-CCM with a 13-byte nonce and no associated data, as published: NIST's validation vectors
// for CCM (CAVP, DVPT256, Alen = 0, Nlen = 13, Tlen = 16).

export interface CcmVector {
    key: string
    nonce: string
    body: string
    /** Ciphertext and tag. */
    sealed: string
}

const EMPTY = "af063639e66c284083c5cf72b70d8bc277f5978e80d9322d99f2fdc718cda569"
const FULL = "1b0e8df63c57f05d9ac457575ea764524b8610ae5164e6215f426f5a7ae6ede4"

export const CCM_VECTORS: CcmVector[] = [
    {
        key: EMPTY,
        nonce: "a544218dadd3c10583db49cf39",
        body: "",
        sealed: "97e1a8dd4259ccd2e431e057b0397fcf",
    },
    {
        key: EMPTY,
        nonce: "79ac204a26b9fee1132370c20f",
        body: "",
        sealed: "5c8c9a5b97be8c7bc01ca8d693b809f9",
    },
    {
        key: EMPTY,
        nonce: "0545fd9ecbc73ccdbbbd4244fd",
        body: "",
        sealed: "84201662b213c7a1ff0c1b3c25e4ec45",
    },
    {
        key: FULL,
        nonce: "a544218dadd3c10583db49cf39",
        body: "3c0e2815d37d844f7ac240ba9d6e3a0b2a86f706e885959e",
        sealed: "f0050ad16392021a3f40207bed3521fb1e9f808f49830c423a578d179902f912f9ea1afbce1120b3",
    },
    {
        key: FULL,
        nonce: "1501a243bf60b2cb40d5aa20ca",
        body: "f5730a05fec31a11662e2e14e362ccc75c7c30cdfccbf994",
        sealed: "254b847d4175bbb44a82b4e805514fa444c224710933f3ec8aaa3f0133234c0cd91609982adc034b",
    },
    {
        key: FULL,
        nonce: "d65e0e53f765f9d5e6795c0c5e",
        body: "20e394c7cc90bdfa6186fc1ba6fff158dfc690e24ba4c9fb",
        sealed: "c3618c991b15de641d291419ff6957e8b9ae5046dd8c6f08fafb76adf12f36740347e3edae62bca4",
    },
    {
        key: FULL,
        nonce: "a6b2371acf8321864c08ddb4d8",
        body: "1a43ca628026219c5a430c54021a5a3152ae517167399635",
        sealed: "bd37326da18e5ac79a1a9512f724bb539530868576b79c67acb5a51d10a58d6584fbe73f1063c31b",
    },
    {
        key: FULL,
        nonce: "c2b60f14c894ec6178fe79919f",
        body: "3e707d98f19972a63d913e6ea7533af2f41ff98aee2b2a36",
        sealed: "ecd337640022635ce1ed273756d02b7feeb2515614c1fadc95c66d3f411b478853886afd177d88c3",
    },
]

/**
 * The ciphertext before CCM's tag does not depend on associated data, so a COSE example with some
 * checks nonce, counter blocks and keystream beside a tag of 8: AES-CCM-16-64-256, example
 * aes-ccm-05 of the COSE working group.
 */
export const COSE_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f01f2e3d4c5b6a798897a6b5c4d3e2f100"
export const COSE_NONCE = "89f52f65a1c580933b5261a72f"
export const COSE_BODY = "This is the content."
export const COSE_CIPHERTEXT = "28b3bddff844a736c5f0ee0f8c691fd0b7adf917"
export const COSE_TAG_BYTES = 8
