/** Texts to try, by the name of their button. */

const REVIEW = `The first half hour is slow, and I nearly gave up. Then what seemed like padding turns out \
to matter. The two leads are wonderful together. The music is too loud in places, and one \
of the subplots leads nowhere. Still, the last act is tense, funny and honest. It earns its ending. `;

export const EXAMPLES = {
	Praise: "What a wonderful film: warm, funny, and over far too soon.",
	Complaint: "Three weeks late, one wheel missing, and nobody answers the phone.",
	Mixed: "The cast is great, but the plot makes no sense and the ending drags.",
	Negation: "It is not bad at all. I would not have missed it.",
	Long: REVIEW.repeat(9).trim(),
	Several: `Best purchase I have made this year.
It stopped working after two days.
The manual has nine pages.
Not what I expected, but I like it.
Would not recommend it to anyone.`,
};
