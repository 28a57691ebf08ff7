"""From a draft to files: corpora, episodes, tokens; and the audit that reads them again."""
