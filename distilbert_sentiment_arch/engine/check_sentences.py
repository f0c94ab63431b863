"""Sentences of the self-check, English and German, from one word to a paragraph of 146.

They say nothing of a particular model: any classifier has an answer to each. Their spread matters:
clear and mixed opinions, questions, facts, names, numbers, odd spelling, one topic and several.
"""

SENTENCES = (
    "Superb.",
    "No.",
    "What a lovely surprise!",
    "Dull, dull, dull.",
    "I would buy it again tomorrow.",
    "Broken on arrival.",
    "It does what the box says, nothing more.",
    "The train leaves at 9:42 from platform 3.",
    "Could you tell me when the shop opens on Sundays?",
    "She smiled, and the whole room grew warmer.",
    "They promised a refund in March; it is now October.",
    "I cannot say that I was not impressed.",
    "The jokes land, the story does not.",
    "My daughter has read it eleven times and wants to hear it again.",
    "A cold, clumsy film with one good scene.",
    "Best coffee in town, worst chairs in the country.",
    "Water boils at 100 degrees at sea level.",
    "He never once raised his voice, and that frightened me more.",
    "gr8 phone, luv the camera :)",
    "WHY DOES THIS APP CRASH EVERY SINGLE TIME???",
    "The committee will meet again in the second week of June.",
    "I had hoped for more, though I am not sure what.",
    "Simply the kindest staff I have met in any hospital.",
    "The sequel nobody asked for turns out to be the one we needed.",
    "Two hours of my life that I will not get back.",
    "Light, quick, and sturdier than it looks.",
    "You get what you pay for, and I paid too much.",
    "Please find attached the minutes of yesterday's call.",
    "The paint peeled within a week.",
    "If only every landlord were like Mrs. Okafor.",
    "It is neither as bad as they say nor as good as I remember.",
    "The soup was hot. That is the nicest thing I can say about it.",
    "An honest, tender portrait of a town that has lost its mill.",
    "Don't bother.",
    "Somehow the third act rescues the first two.",
    "We waited for ninety minutes and left hungry.",
    "The new version is faster, but it forgets my settings.",
    "In 1969 two people walked on the moon.",
    "I laughed until my neighbour knocked on the wall.",
    "The handle came off in my hand; the company sent a better one the next day.",
    "Her voice is thin, her timing is off, and I could listen to her for hours.",
    "This is not a review, it is a warning.",
    "Thanks to this little book I finally understand my father.",
    "The map shows a road where there is only a river.",
    "We came for one night and stayed for a week. The owners cooked for us, lent us their "
    "bicycles, and on the last evening their son played the accordion in the yard. I have slept in "
    "hotels that cost ten times as much and remember none of them.",
    "The first unit did not switch on. The second switched on, and off, and on again, as it liked. "
    "The third one works, more or less, as long as nobody touches the cable. Support answers "
    "within minutes and is friendly to a fault, but friendliness does not dry my laundry.",
    "For most of its length the documentary is content to watch: a kitchen, a corridor, a woman "
    "who counts pills into a plastic tray. Nothing is explained. Then, twenty minutes before the "
    "end, somebody opens a window, and all that was held back comes in with the noise of the "
    "street. I do not think that I have ever been so moved by so little.",
    "The instructions list eleven steps. Step four needs a tool that is not in the box, step six "
    "refers to a drawing that is not in the leaflet, and step nine asks you to undo step five. "
    "After three evenings I have a shelf that leans to the left, a bruised thumb and two screws "
    "left over. On the other hand it was cheap, the wood smells good, and the cat has taken to it.",
    "Let me begin with what is good, because there is a lot of it. The screen is bright enough for "
    "the garden, the battery lasts for two days, and the keyboard is the first in years on which I "
    "do not make mistakes. It is quiet, it stays cool, and it wakes before the lid is fully open. "
    "Now for the rest. The speakers sound like a tin on a string. There is one port, on the wrong "
    "side, and the adapter that you will need is sold separately. The camera shows everybody in a "
    "light that suits nobody. And after the last update it asks me, twice a day, whether I would "
    "like to try a service that I have declined each time so far. Would I recommend it? To "
    "somebody who writes, without a second thought. To somebody who calls, listens or plays, "
    "never.",
    "The annual report of the library lists 41,200 visitors, 3,150 more than in the year before, "
    "and 96,480 loans, of which a third were films and games. Opening hours were extended on two "
    "days a week. The roof above the reading room was repaired in April, the lift in September. A "
    "second terminal for returns was put up beside the entrance. Six people work in the building, "
    "two of them half days. The budget remains what it was.",
    "I have tried to like this series, I really have. Friends whose taste I trust adore it, and I "
    "can see that it is well made: the costumes, the music, the long shots across the fens. But "
    "nobody in it ever says what they mean, nobody ever eats, and every second conversation ends "
    "with somebody leaving the room. By the fourth episode I was cheering for the fog.",
    "Dear team, thank you for the quick delivery. Two of the nine glasses were broken, which can "
    "happen, and the voucher you offered straight away was more than fair. The others look "
    "wonderful on the table. Kind regards, and do keep the blue ones in your catalogue!",
    "Großartig, einfach großartig.",
    "Nie wieder dieses Hotel.",
    "Der Film ist lang, aber keine Minute zu lang.",
    "Das Gerät war nach zwei Tagen kaputt und niemand geht ans Telefon.",
    "Der Zug fährt um 9.42 Uhr von Gleis 3.",
    "Nicht schlecht, nur viel zu teuer.",
    "Ich habe selten so herzlich gelacht.",
    "Die Bedienung war freundlich, das Essen leider kalt.",
    "Wann hat das Museum am Sonntag geöffnet?",
    "Ein Buch, das man verschenkt und dann selbst noch einmal kauft.",
    "Die Anleitung ist unverständlich, eine Schraube fehlt, und das Holz riecht nach Lack. "
    "Trotzdem steht das Regal jetzt im Flur, und jeder, der zu Besuch kommt, fragt, woher wir es "
    "haben. Noch einmal würde ich es nicht aufbauen wollen, hergeben aber auch nicht.",
    "Wir waren im Mai für vier Tage dort. Die Zimmer sind klein und hell, das Frühstück ist "
    "reichlich, und vom Balkon sieht man bis zum See. Gestört hat uns nur die Baustelle gegenüber, "
    "auf der von sieben Uhr an gehämmert wurde; davon stand in der Beschreibung kein Wort. Als wir "
    "uns beschwerten, bekamen wir ein anderes Zimmer, einen Kuchen und eine Entschuldigung, die "
    "man uns glauben machte. So geht es also auch.",
)
"""64 sentences or short texts."""
