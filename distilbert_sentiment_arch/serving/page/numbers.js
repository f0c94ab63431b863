/** Numbers as people read them: true minus signs, and no more digits than mean something. */

const MINUS = "\u2212";

const minus = (text) => text.replace("-", MINUS);

/**
 * A count with its noun: "1 token", "1,204 tokens".
 * @param {number} count
 * @param {string} noun
 */
export const counted = (count, noun) =>
  `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** A score with four decimals. @param {number} value */
export const decimal = (value) => minus(value.toFixed(4));

/** A share in percent. @param {number} share */
export function percent(share) {
  const text = (share * 100).toFixed(1);
  if (text === "100.0" && share < 1) return "> 99.9 %";
  return text === "0.0" && share > 0 ? "< 0.1 %" : `${text} %`;
}

/**
 * A change with its sign.
 * @param {number} value
 * @param {number} digits Decimals.
 */
export function signed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  if (Number(text) === 0) return text;
  return (value > 0 ? "+" : MINUS) + text;
}

/**
 * Decimals that show two digits of the largest of several changes.
 * @param {number} largest
 */
export const digitsFor = (largest) =>
  largest > 0 ? Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(largest)))) : 2;

/** A time. @param {number} value Milliseconds. */
export const milliseconds = (value) => `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
