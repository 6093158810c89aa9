PLACEHOLDERS: set[str] = set()
def english_name(code: int, level: int, name: str, pinyin: str) -> str: return pinyin
