"""Every diagnostic there is: its severity, its title and what `wug explain CODE` says."""

from __future__ import annotations

from wug.compiler.record import Record


class Rule(Record):
    severity: str
    title: str
    explanation: str


def _error(title: str, explanation: str) -> Rule:
    return Rule("error", title, explanation)


def _warning(title: str, explanation: str) -> Rule:
    return Rule("warning", title, explanation)


CATALOGUE: dict[str, Rule] = {
    # Files and syntax
    "W0001": _error(
        "unexpected text",
        "The file does not read as the grammar allows at this place. The compiler goes on at the next\n"
        "declaration that starts a line, so that the other errors are found too.",
    ),
    "W0002": _error(
        "a text that never ends", 'A text stands between double quotes on one line: "like this".'
    ),
    "W0003": _error(
        "the edition line is missing",
        "The first line of a spec is 'wug 1'. It says in which edition of the language the file is written,\n"
        "so that a later version of wug can still read it as it was meant.",
    ),
    "W0004": _error("an edition that is not known", "This version of wug reads edition 1."),
    "W0005": _error(
        "an empty file", "There is nothing in this file. 'wug new hello' copies out a spec to start from."
    ),
    "W0006": _error("not a text file", "Specs are UTF-8 text."),
    "W0007": _error(
        "a file that is too large",
        "A spec is written by hand and has at most 2,000,000 bytes. Larger things are data: put them into a\n"
        "CSV and read it with 'entity x from \"x.csv\"'.",
    ),
    "W0008": _error(
        "nested too deep", "Braces may be 16 deep; no construct of the language needs more than five."
    ),
    "W0009": _error("a file that cannot be read", "The file is not there, or may not be read."),
    "W0010": _error("another kind of file", "Worlds end in .world and experiments in .experiment."),
    "W0012": _error("a reserved word", "The words that begin declarations cannot be names."),
    "W0013": _error("an unknown escape", 'In a text, write \\n, \\t, \\" and \\\\.'),
    "W0014": _error(
        "a dot in a declared name",
        "A dot reaches into an import with a name: after 'import \"kin.world\" as kin', the relation\n"
        "'parent' of that file is kin.parent. What is declared, and every variable, has a name without dots.",
    ),
    "W0015": _error(
        "a character that is not what it seems",
        "Some characters look like others (a Cyrillic letter like a Latin one, a no-break space like a\n"
        "space), some cannot be seen, some turn a line round on the screen. A spec says what its reader\n"
        "sees, so they are errors; in texts, letters of another script are fine in words of their own.",
    ),
    "W0016": _error(
        "too many findings",
        "After 50 findings a check ends: they often have one cause, and the first ones say what it is.",
    ),
    "W0017": _error(
        "not as it was locked",
        "'wug check --locked' found that a spec, a file that it reads, or what the compiler makes of them,\n"
        "is not what wug.lock says. If that is meant, 'wug lock' pins it as it is now; 'wug status' says\n"
        "what is compiled and run of it.",
    ),
    "W0018": _error(
        "a name that is too long",
        "A name stands in messages and tables, and folders are called by it: it has at most 100 characters.",
    ),
    # Names and keys
    "W0101": _error("an unknown name", "Nothing of this name is declared where it is used."),
    "W0102": _error("an unknown key", "The block does not know this key; every key is known or an error."),
    "W0103": _error("declared twice", "A name is declared once, and a key set once."),
    "W0104": _error(
        "outside the project",
        "A spec reads files below its project root only: the nearest folder above it that holds .git,\n"
        "pyproject.toml or wug.lock, else its own folder. So a spec from a stranger is safe to compile.",
    ),
    "W0105": _error("a cycle of imports", "A file imports itself, directly or through others."),
    "W0106": _error(
        "a cycle of arms", "Arms that are 'like' each other in a circle have no settings to start from."
    ),
    "W0107": _error("a value is missing", "The key or declaration needs a value that is not there."),
    "W0108": _error(
        "a parameter that is a key",
        "A parameter is used by its name as a value: { count people }. One that is called like a key of a\n"
        "block would leave the reader in doubt which of them is meant.",
    ),
    # Types
    "W0201": _error("a wrong number of arguments", "A relation takes as many arguments as it declares."),
    "W0202": _error(
        "a type that does not fit", "What stands here is of a type that this place does not take."
    ),
    "W0203": _error("a wrong kind of value", "The key takes another kind of value."),
    "W0204": _error(
        "out of range", "The value is of the right kind, but too small, too large or does not divide."
    ),
    "W0205": _error(
        "an unbound variable",
        "Every variable of a rule must occur in a condition that says that something holds: one that occurs\n"
        "in the head, behind 'not' or in a comparison only could stand for anything at all. To deny that\n"
        "there is any ('not parent(p, c)' for no c), derive 'has_child(p) if parent(p, c)' and deny that.",
    ),
    "W0206": _error(
        "a rule that leaves its scene",
        "What holds in one scene says nothing of another. So all conditions of a rule in a scene are\n"
        "connected by variables that stand for members of the scene.",
    ),
    "W0207": _error(
        "denied or counted, but not complete",
        "That a fact does not follow means that it is false only where its relation is declared 'complete';\n"
        "otherwise it is unknown, and neither 'not' nor 'count' can be answered.",
    ),
    "W0208": _error(
        "a count that does not fit",
        "'count(x)' stands in the head of a rule, once, and counts the different x for each combination of\n"
        "the head's other variables.",
    ),
    "W0209": _error(
        "a cycle through negation or counting",
        "What a rule denies or counts must be known as a whole before, so it cannot depend on what the rule\n"
        "gives. The message shows the cycle.",
    ),
    "W0210": _error(
        "a rewriting that may not end",
        "A relation that rewrites terms may be applied to the variables of the left side only: they stand\n"
        "for parts of the term, so each step has less to rewrite. What it gives may be composed as you like.",
    ),
    "W0211": _error(
        "rewritings that do not fit together",
        "Every term has one result: each operator has one rewriting, whose left side is that operator of\n"
        "different variables, and so have atoms, with a single variable: rewrite x => base(x).",
    ),
    "W0212": _error(
        "two things at one place of a join",
        "'join(x)' makes one sequence for each combination of the head's other variables, so at each place\n"
        "of the sequence that it goes along there must be one x. Where a place has none, nothing follows.",
    ),
    # Forms
    "W0301": _error(
        "a form that leaves out an argument",
        "A sentence must say which fact it means, so a form holds every argument of its relation.",
    ),
    "W0302": _error(
        "a slot that does not fit", "Slots are {argument}, or {argument.column} for a row of a table."
    ),
    "W0303": _error(
        "two forms that read the same",
        "A sentence must have one meaning. Two forms that can say the same sentence would give it two, and\n"
        "so would one form in which slots or options can be told apart in two ways. All wordings and\n"
        "options are compared; an example of such a sentence is shown.",
    ),
    "W0304": _error(
        "a form that is only held out",
        "A 'held' wording is said in tests only. Training needs another one.",
    ),
    "W0305": _error(
        "wordings that ask for different things",
        "A form is a direction: all its wordings say the same fact and ask, behind '=>', for the same\n"
        "arguments. What asks for something else is another form.",
    ),
    "W0306": _error(
        "a sentence that does not say which fact it means",
        "Sentences are read back by the same forms, and each must come back as its fact and as no other.\n"
        "Where names or values stand side by side, or are written like words of a form, it may not. This is\n"
        "seen only once names are drawn, so it comes from 'wug compile', 'run' and 'audit'.",
    ),
    "W0307": _error(
        "a held wording that is said in training",
        "A wording that is held out for tests must not be what another wording can say, with the right\n"
        "choice of its options; else the test asks what was trained.",
    ),
    "W0308": _error(
        "two terms that read the same",
        "How a term reads says how it is composed. It does where every operator begins with words of its\n"
        'own ("the sum of {x} and {y}") or puts brackets around all that it says ("({x} plus {y})").',
    ),
    # Facts
    "W0401": _error(
        "a count that cannot be met",
        "More is asked for than there can be. Some counts depend on others (a chain is no longer than its\n"
        "entities are many) or on a CSV, so these errors come from 'wug compile', 'show' and 'run'.",
    ),
    "W0402": _error("a relation without facts", "The relation is neither populated nor the head of a rule."),
    "W0403": _error(
        "a data file that cannot be read", "The table or the tokenizer.json is not there, or may not be read."
    ),
    "W0404": _error(
        "a table that does not read",
        "Every row of a CSV has as many cells as its header, every line of JSON lines is an object whose\n"
        "keys are there once, and a Parquet file is one.",
    ),
    "W0405": _error("a wrong encoding", "A CSV or JSON lines are UTF-8 text."),
    "W0406": _error("a column that is not there", "The table does not have this column."),
    "W0407": _error(
        "bad cells",
        "Names and keys must be unique, cells filled, of the type that is declared for them, and one value\n"
        "each; a cell that refers to another table must hold the key of one of its rows.",
    ),
    "W0408": _error(
        "facts that contradict what is declared",
        "The facts contradict what a relation is declared to be, or what is declared never to be; they\n"
        "are shown with their proofs. A fresh world for pretraining that does so is drawn again, a hundred\n"
        "times if need be.",
    ),
    "W0409": _error(
        "rules that explode",
        "Applying the rules would derive more than the machine can hold. The estimate is made before any\n"
        "memory is taken.",
    ),
    "W0410": _error(
        "more than fits",
        "Members and facts of all seeds are drawn together, and the documents of one seed are told at once.\n"
        "Too many would fill the memory after minutes, so they are counted first.",
    ),
    # Experiments
    "W0501": _error(
        "something is missing",
        "An experiment needs a world, training facts, tests, a model and arms. Of several models each must\n"
        "have an arm, or write for one.",
    ),
    "W0502": _error(
        "the context is too long",
        "The training set, concatenated, does not fit the model's context. Raise the model's 'context',\n"
        "lower 'articles' of the arm, or use oracle(k) or bm25(k). Worked examples, a document and an\n"
        "answer to it must fit what an endpoint's model sees.",
    ),
    "W0503": _error(
        "choices that cannot be made",
        "A wrong choice must be false in the full world, not merely unsaid. 'contradiction' needs a\n"
        "relation with a 'converse' that is 'asymmetric'. 'others(n)' needs a form with exactly one\n"
        "argument behind '=>', and n other values there (or in the source that follows 'from') for which\n"
        "the statement is provably false: declare the relation 'complete', 'functional' or 'injective'.\n"
        "Of 'statements(...)' one at least must not follow.\n"
        "'generate' needs no wrong choices, but a form with '=>' whose answer is one value and no list.",
    ),
    "W0504": _error(
        "an arm that does not fit together",
        "An arm that augments must train (it needs 'finetune', or 'like' an arm that has it), and\n"
        "'articles' limits a context, so it needs one. An arm that is to 'match' another\n"
        "has no steps of its own, and the other must train. What 'tune' tries is not set beside it.\n"
        "'examples' are for an endpoint of 'style base' without a 'prompt' of its own; they are of fresh\n"
        "worlds, in which more can be said than the documents say. What narrows a draw needs a temperature\n"
        "to draw at, and 'rephrase only' leaves out reversals by itself. An arm continues one of its own\n"
        "model that trains; 'documents old' and 'documents changed' need an update, and what is old is\n"
        "learned and not shown.",
    ),
    "W0505": _error(
        "an answer that does not follow",
        "The right answer of a test item must follow from the facts that are trained: some arm must be\n"
        "able to know it. A derived relation rests on those in the bodies of its rules: each of them needs\n"
        "its 'train', and of a held-out member only what its holdout keeps is trained. Nor may anything\n"
        "that is offered as wrong follow, or be known of what a test says is 'unknown'.",
    ),
    "W0506": _warning(
        "an answer that is right by habit",
        "Always preferring one answer wherever it is offered would do better than chance by more than\n"
        "0.05 on this split. For 'contradiction', draw an even number of facts over a mirrored table,\n"
        "so that each word is right as often as it is wrong. For 'others(n)', 'from answers' draws wrong\n"
        "answers as often as they are right elsewhere. Of few answers, some of them common, a lower n\n"
        "makes that possible; of many, a higher n or more entities make repetitions rarer.",
    ),
    "W0507": _error(
        "words that a fresh world cannot have",
        "Pretraining draws fresh worlds of the same declarations, and words from a CSV are invented\n"
        "anew in the same shape: letters for letters, digits for digits. Where the real ones use up\n"
        "nearly all words of their shape (single digits, say), too few are left.",
    ),
    "W0508": _error(
        "settings of a test that do not fit together",
        "Some settings belong to one kind of choices only: 'accept' to statements(...), 'unknown' to\n"
        "others(n). A verdict is asked for with 'ask', which holds {statement}; of other choices it holds\n"
        "{cue}, or names the pair that statements are about. 'wording held' needs a wording that is\n"
        "marked 'held'. A test offers choices or, with 'generate', lets the model answer freely, in as many\n"
        "tokens as the longest right answer takes; what narrows a draw needs a temperature to draw at.",
    ),
    "W0509": _error(
        "choices that read alike",
        "Two choices of one question have the same words, so that nobody could tell which one is meant.\n"
        "Let the form say each value in words of its own.",
    ),
    "W0510": _error(
        "given texts are taken as they are",
        "What a file gives is trained row by row, each once, and asked as it stands: there are no facts to\n"
        "choose among, to say again in other articles, behind a preamble or in other words. 'train lines'\n"
        "and 'test name { lines  choices others(3) }' are all there is to say. What is to be trained twice,\n"
        "or left out, is so in the file.",
    ),
    "W0511": _error(
        "nothing to tune on",
        "An arm is tuned on what is trained, asked in the form that is trained, in worlds that are drawn\n"
        "for it. So some test must ask for trained facts in that form and offer values: 'choices\n"
        "contradiction', others(n) or instead(...). What reads as a question of a test is left out; where\n"
        "all worlds have the same facts, as those of a table have, the form needs a wording for it that\n"
        "is 'held' and in which no test asks.",
    ),
    "W0512": _error(
        "a checkpoint that cannot be used",
        "'from' names a folder as Hugging Face has them (config.json, tokenizer.json and safetensors), a\n"
        "GGUF file, or a package that is installed and holds one of these. Models of the Llama family are\n"
        "read: Llama, SmolLM2, Qwen 2 and 3, and the first Gemma. A file that is damaged, does not fit its\n"
        "own configuration, or would run code when it is read, is told before anything of it is loaded.",
    ),
    "W0513": _error(
        "a checkpoint that does not fit in",
        "The files of a checkpoint say its layers, its width and all the rest, and it is pretrained\n"
        "already: what is said beside 'from' is 'context', which can be less, 'chat', 'prices', and how it\n"
        "is computed. All models of an experiment read the same corpora in the same tokens, so they are all\n"
        "trained from scratch, or are checkpoints that share a tokenizer, and a 'chat' if one has it.",
    ),
    "W0514": _error(
        "a mesh that does not go up evenly",
        "A mesh shares out the work of a run among devices: the rows of a batch along 'data' and 'fsdp',\n"
        "the heads and hidden channels of a model along 'tensor', its width along 'fsdp'. Each of these\n"
        "must be a multiple of the devices that share it. How many devices there are is seen when it runs;\n"
        "'wug run --mesh' lays out a run otherwise than its experiment says.",
    ),
    "W0515": _warning(
        "an expectation about the test that stopped the training",
        "An arm with 'stop { on TEST }' ends, and answers, with the weights that answer this test best: its\n"
        "accuracy there is one that was looked for. Let it stop on a test of its own, a part of the facts\n"
        "('where ... in PART') or held wordings, that no expectation about this arm is about.",
    ),
    "W0516": _error(
        "a sweep of too many variants",
        "Each 'vary' line of a sweep multiplies the variants by the values it has, and each variant is an\n"
        "experiment of its own. Give fewer values, let settings go side by side with 'with', or make two\n"
        "experiments of it.",
    ),
}
