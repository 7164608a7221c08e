// The map's colours, dark and quiet: the land recedes, what is followed stands out. The panels' own
// colours are in style.css; the accents are the same in both.

export const palette = {
    land: "#171c22",
    water: "#0a1420",
    ink: "#e6edf3",
    halo: "#0f1419",
    target: "#4fd1c5",
    targetAgeing: "#8fb8b4",
    targetSilent: "#93a1af",
    chosen: "#ffffff",
    track: "#4fd1c5",
    fence: "#b79cf2",
} as const

/** Names of weights and slants come first: MapLibre reads them off the first family of a stack. */
const families =
    "Inter,Segoe UI,Roboto,Noto Sans,Helvetica Neue,Liberation Sans,DejaVu Sans Condensed,Arial"

/**
 * Without `glyphs` in the style, MapLibre draws labels with the browser's fonts: each entry is a CSS
 * family, and the weight is taken from the first name. The first is therefore no real font.
 */
export const fonts = {
    regular: `Burr Regular,${families}`,
    medium: `Burr Medium,${families}`,
    bold: `Burr Bold,${families}`,
    italic: `Burr Italic,${families}`,
} as const
