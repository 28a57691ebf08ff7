"""Texts that tokenizers cut differently."""

HARD = [
    "The capital of France is Paris. It's what they've said, isn't it? WE'LL see; I'D say, y'all're right.",
    "  two spaces,   three\ttabs\t\tand\n\nnew lines \r\n carriage \n  trailing   ",
    " ",
    "\n",
    "\u00a0no-break\u2003em\u200bzero\u3000ideographic\u2028line",
    "1 12 123 1234 12345.678 3,141,592 0x1F 2026-11-25 v1.2.3 ½ Ⅷ ٣٤٥ १२३ 10⁻³",
    "def f(x: int) -> dict[str, int]:\n    return {'a': x**2 + 1}  # see https://example.org/?q=a&b=%20\n",
    'for (;;) { i++; } /* ¿qué? */ <div class="x">&nbsp;</div> \\frac{1}{2} $HOME ~/.bashrc',
    "naïve café cafe\u0301 Å A\u030a ﬁnd ñ n\u0303 Straße İstanbul ǅ",
    "العربية: مَرْحَبًا بِالعَالَم، كيف الحال؟ ١٢٣",
    "中文字符,日本語のテキスト、カタカナと한국어 텍스트。",
    "ไทยไม่มีช่องว่าง हिन्दी में लिखा עברית Ελληνικά Кириллица",
    "emoji 😀👩‍👩‍👧‍👦🏳️‍🌈👍🏽 🇫🇷 ☃️ ©®™ ∑∫√ → ⇒ ✓",
    "special <|endoftext|> as text <|im_start|>user\nhello<|im_end|> <|bos|> and <|eos|><|eos|>",
    "<|endoftext|>",
    "<|im_start|> <|im_end|>\n<|begin_of_text|> <s></s> <unk> <pad>",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!!!!!!!!!!????......-----_____",
    "\u0000\u0001\u001f\ufeffcontrol\ufffd\U0010ffff",
    "MixedCASE camelCaseWords snake_case_words kebab-case-words ALLCAPS iPhone15Pro",
    "\"quotes\" 'single' “curly” ‘curly’ «guillemets» „low“ … – — ―",
]
