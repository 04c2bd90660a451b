"""Small lists of our own that changes of texts draw from. English."""

PEOPLE = (
    "James", "Mary", "Robert", "Linda", "Michael", "Susan", "David", "Karen", "Daniel", "Sarah",
    "Ahmed", "Fatima", "Omar", "Layla", "Wei", "Mei", "Hiroshi", "Yuki", "Raj", "Priya", "Carlos",
    "Maria", "Diego", "Lucia", "Jamal", "Keisha", "Ivan", "Olga", "Lars", "Ingrid", "Kwame", "Ama",
)  # fmt: skip
PLACES = (
    "London", "Paris", "Berlin", "Madrid", "Rome", "Vienna", "Dublin", "Athens", "Oslo", "Warsaw",
    "Chicago", "Boston", "Houston", "Seattle", "Toronto", "Sydney", "Delhi", "Mumbai", "Tokyo",
    "Beijing", "Cairo", "Lagos", "Nairobi", "Lima", "Bogota", "France", "Germany", "Spain", "Italy",
    "Greece", "Norway", "Poland", "Canada", "Australia", "India", "Japan", "China", "Egypt",
    "Nigeria", "Kenya", "Peru", "Colombia", "Brazil", "Mexico",
)  # fmt: skip
# The long form and the short one, in small letters; of several long forms the first is written.
CONTRACTIONS = (
    ("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"),
    ("are not", "aren't"), ("was not", "wasn't"), ("were not", "weren't"), ("have not", "haven't"),
    ("has not", "hasn't"), ("had not", "hadn't"), ("will not", "won't"), ("would not", "wouldn't"),
    ("cannot", "can't"), ("could not", "couldn't"), ("should not", "shouldn't"), ("I am", "I'm"),
    ("it is", "it's"), ("that is", "that's"), ("there is", "there's"), ("they are", "they're"),
    ("we are", "we're"), ("you are", "you're"), ("I have", "I've"), ("we have", "we've"),
    ("they have", "they've"), ("I will", "I'll"), ("you will", "you'll"), ("what is", "what's"),
)  # fmt: skip
# A verb behind which "not" can stand.
VERBS = (
    "is", "are", "was", "were", "am", "can", "could", "will", "would", "should", "must", "may",
    "might", "does", "do", "did", "has", "have", "had",
)  # fmt: skip
