/** Numbers as people read them. */

const MINUS = "\u2212";

export const grouped = (count) => count.toLocaleString("en");

/** A count with its noun: "1 token", "1,204 tokens". */
export const counted = (count, noun) =>
	`${grouped(count)} ${noun}${count === 1 ? "" : noun.endsWith("s") ? "es" : "s"}`;

/** A score with four decimals. */
export const decimal = (value) => value.toFixed(4).replace("-", MINUS);

/** A share in percent; only nothing is 0, and only all is 100. */
export function percent(share) {
	const text = (share * 100).toFixed(1);
	if (text === "100.0" && share < 1) return "> 99.9%";
	return text === "0.0" && share > 0 ? "< 0.1%" : `${text}%`;
}

/** A change with its sign. */
export function signed(value, digits) {
	const text = Math.abs(value).toFixed(digits);
	if (Number(text) === 0) return text;
	return (value > 0 ? "+" : MINUS) + text;
}

/** Decimals that show two digits of the largest of several changes. */
export const digitsFor = (largest) => Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(largest))));
