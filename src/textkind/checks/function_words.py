"""The language of a text, told by function words.

A text is in the language of which it holds most different function words; it needs three that the
language of the others does not have, and more than twice as many as it holds of that one. Only
languages in Latin letters are told apart here.
"""

import numpy as np

from textkind.checks.hashed_words import HashedWords

FEWEST_WORDS = 3  # different function words of a language
TIMES = 2  # more than so many times as of the language of the others

# The commonest articles, pronouns, prepositions, conjunctions and auxiliaries.
FUNCTION_WORDS = {
    "English": "the of and to in is that it was for with as on be at by this have from or had not "
    "are but they which you one we his her she he my your would there what so if will can do who "
    "me him an no go by out up about more most over am just like get got then them than time into "
    "has been were their when how all some any its don didn ve ll re men come came die war man",
    "German": "der die das und ist nicht ein eine zu den von mit sich auf für im dem es auch als "
    "an werden aus er sie wir ihr ich hat dass nach bei oder aber wie nur noch wird sind war einen",
    "French": "le la les de des du et est une un que qui dans pour pas sur au avec ce il elle nous "
    "vous je ne se en par plus son sa ses cette mais ou où sont été être aux leur très comme",
    "Spanish": "el la los las de del y que en un una es no se por con para su al lo como más pero "
    "sus le ya este sí porque esta entre cuando muy sin sobre también me hasta hay donde está",
    "Portuguese": "o a os as de do da e que em um uma é não se por com para seu sua ao dos das no "
    "na mais como mas foi ele ela pelo pela são também muito já está você isso eu meu ou",
    "Italian": "il lo la i gli le di del della e che in un una è non si per con su al sono come "
    "più ma anche da dei delle nel alla questo questa ha suo sua ho mi molto perché essere io",
    "Dutch": "de het een en van in is dat op te zijn met voor niet aan er om ook als maar door bij "
    "wordt naar uit over nog heeft deze die dit ik je hij zij wij hun worden kan wat geen",
    "Swedish": "och att det som en på är av för med den till inte i har de ett om var jag han från "
    "men så kan vi sig eller när du ska hon efter också där vid mot skulle mycket",
    "Danish or Norwegian": "og det at en den til er som på de med han af av for ikke der var jeg "
    "et fra har om vi min havde hun nu over da da ud deres kan eller hvis blev også meget men",
    "Finnish": "ja on ei se että hän oli joka mutta kun niin myös ovat tai sen ole kuin jos minä "
    "nyt olen vain mitä sitä tämä siitä sitten voi olla mukaan kanssa jo ollut minun",
    "Polish": "i w nie na się z do to że jest o jak ale po co tak za od przez dla są czy już tym "
    "jego był być tylko jej może ich który która które przed także oraz więc go mnie",
    "Czech": "a se v na je že to s z do o i jsem by ale jako za ve pro po jeho jsou nebo byl jsme "
    "také jen který která které až už když být má od při ze tak co není si",
    "Romanian": "și de la în a nu pe cu un o care este din că mai se sunt pentru să ce ca au fi "
    "fost dar sau lui prin când foarte între după aceasta acest această iar el ea",
    "Hungarian": "a az és hogy nem is egy ez volt de van meg csak már el azt mint ha még vagy ki "
    "minden kell mert le itt sem ezt ő lesz amely nagyon után be lehet pedig",
    "Turkish": "ve bir bu da de için ile çok ne o daha gibi ama kadar olarak var sonra ben sen "
    "değil en her olan mi mı şey ya bunu oldu göre ki diye yok benim biz",
    "Indonesian": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga ke ada saya "
    "karena bisa oleh atau sudah adalah mereka kami telah seperti dia anda kita lebih",
    "Vietnamese": "và của là có không được cho trong một các với này người những đã để khi như "
    "về tôi từ đến ra vào nhiều cũng theo rất bạn sẽ nhưng thì",
}


def languages_of(words: HashedWords, texts: int) -> np.ndarray:
    """(N,) int64 place in FUNCTION_WORDS of each text's language; -1 where its words tell none.

    words are those of N texts. The language of most is found first: another needs clearer words.
    """
    scores = function_words(words, texts)
    known = scores.max(axis=1, initial=0) >= FEWEST_WORDS
    if not known.any():
        return np.full(texts, -1)
    main = int(np.bincount(scores.argmax(axis=1)[known]).argmax())
    language = np.where(scores[:, main] >= FEWEST_WORDS, main, -1)
    others = function_words(words, texts, without=list(FUNCTION_WORDS)[main])
    highest = others.max(axis=1, initial=0)
    other = (highest >= FEWEST_WORDS) & (highest > TIMES * others[:, main])
    language[other] = others.argmax(axis=1)[other]
    return language


def function_words(words: HashedWords, texts: int, without: str | None = None) -> np.ndarray:
    """(N, languages) int64 different function words of each language in N texts.

    Words of the language `without` count for it alone. Words of one letter do not count: they stand
    for too much else.
    """
    left_out = set() if without is None else set(FUNCTION_WORDS[without].split())
    scores = np.zeros((texts, len(FUNCTION_WORDS)), np.int64)
    for place, (language, told) in enumerate(FUNCTION_WORDS.items()):
        members = set(told.split()) - (left_out if language != without else set())
        is_member = np.zeros(1 << words.bits, bool)
        is_member[[words.bucket_of(word) for word in members if len(word) > 1]] = True
        scores[:, place] = np.bincount(words.row[is_member[words.bucket]], minlength=texts)
    return scores
