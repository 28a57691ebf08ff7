from wug.compiler.general.texts import prose, replayed, stories


def test_prose_is_of_a_size_that_costs_little() -> None:
    words = [len(paragraph.split()) for paragraph in prose()]
    assert len(words) == 12
    assert min(words) > 60
    assert max(words) < 200
    assert 1000 < sum(words) < 2000


def test_both_choices_stand_in_the_story_and_only_it_tells_them_apart() -> None:
    for story in stories():
        assert len(story.questions) == 6
        for question in story.questions:
            assert question.right != question.wrong
            for choice in (question.right, question.wrong):
                assert choice.startswith(" ")
                assert choice.endswith(".")
                words = choice.strip(" .").lower().split()
                assert all(word in story.text.lower() for word in words), choice
    rights = [question.right for story in stories() for question in story.questions]
    wrongs = {question.wrong for story in stories() for question in story.questions}
    assert len(rights) == 60
    assert sum(right in wrongs for right in rights) >= 50  # what is right here is wrong there


def test_what_is_replayed_is_not_what_is_measured() -> None:
    def sentences(paragraphs: tuple[str, ...]) -> set[str]:
        return {sentence for text in paragraphs for sentence in text.split(". ")}

    assert len(replayed()) == 10
    assert not sentences(replayed()) & sentences((*prose(), *(story.text for story in stories())))
