import numpy as np

from wug.compiler.lora import Lora
from wug.compiler.plan import Model
from wug.runtime.corpus import load
from wug.runtime.cost import adapter_parameters, forward_flops, question_cost, train_flops


def counted(model: Model, matrices: list[tuple[int, int]], tokens: int, before: int) -> int:
    """Operations of a forward pass, product by product: two for each multiplication and addition."""
    total = 0
    for position in range(tokens):
        total += sum(2 * rows * columns for rows, columns in matrices)
        for _ in range(model.layers):
            for _ in range(before + position + 1):
                total += 2 * model.width  # query times key, all heads
                total += 2 * model.width  # weight times value, all heads
    return total


def test_the_formula_agrees_with_a_count() -> None:
    model = Model("m", layers=2, width=8, heads=2, kv_heads=2, hidden=16, convolution=0)
    layer = [(8, 8), (8, 8), (8, 8), (8, 8), (8, 16), (8, 16), (16, 8)]
    matrices = layer * 2 + [(8, 30)]
    parameters = sum(rows * columns for rows, columns in matrices)
    assert forward_flops(model, parameters, np.array([5])) == counted(model, matrices, 5, 0)
    assert forward_flops(model, parameters, np.array([3]), 4) == counted(model, matrices, 3, 4)
    assert train_flops(model, parameters, np.array([5, 2])) == 3 * (
        counted(model, matrices, 5, 0) + counted(model, matrices, 2, 0)
    )


def test_beside_an_adapter_weights_have_no_gradients_that_would_have_to_be_paid() -> None:
    model = Model("m", layers=2, width=8, heads=2, kv_heads=2, hidden=16, convolution=0)
    layer = [(8, 8), (8, 8), (8, 8), (8, 8), (8, 16), (8, 16), (16, 8)]
    whole, none = [*layer * 2, (8, 30)], list[tuple[int, int]]()
    lora = Lora(3, targets=("query", "down"))
    adapter = [(8, 3), (3, 8), (16, 3), (3, 8)] * 2
    assert adapter_parameters(model, lora) == sum(rows * columns for rows, columns in adapter)
    parameters = sum(rows * columns for rows, columns in whole)
    products, attention = counted(model, whole, 5, 0) - counted(model, none, 5, 0), counted(model, none, 5, 0)
    beside = counted(model, adapter, 5, 0) - attention
    expected = 2 * products + 3 * attention + 3 * beside
    assert train_flops(model, parameters, np.array([5]), lora) == expected


def test_layers_that_are_computed_again_are_counted_again() -> None:
    model = Model("m", layers=2, width=8, heads=2, kv_heads=2, hidden=16, convolution=0, remat=True)
    layers = [(8, 8), (8, 8), (8, 8), (8, 8), (8, 16), (8, 16), (16, 8)] * 2
    parameters = sum(rows * columns for rows, columns in [*layers, (8, 30)])
    whole, again = counted(model, [*layers, (8, 30)], 5, 0), counted(model, layers, 5, 0)
    assert train_flops(model, parameters, np.array([5])) == 3 * whole + again


def test_a_prefix_and_its_rest_cost_as_much_as_the_whole() -> None:
    model = Model("m")
    whole = forward_flops(model, 1000, np.array([12]))
    assert forward_flops(model, 1000, np.array([7])) + forward_flops(model, 1000, np.array([5]), 7) == whole


def test_context_makes_questions_dear_and_reuse_makes_them_cheap(shared) -> None:
    world = load(shared.compiled, [0]).worlds[0]
    model = shared.learner.model
    alone, icl = (question_cost(model, 1000, world, arm) for arm in ("finetune", "icl"))
    context = len(world.context_tokens("icl", 0))
    lengths = [len(tokens) - 1 for tokens in world.questions.tokens]
    assert alone.tokens == sum(lengths) / 12
    assert icl.tokens == alone.tokens + 2 * context
    assert icl.flops > 5 * icl.flops_reused
    assert alone.flops_reused < alone.flops
    start = world.questions.start_Q[::2]
    answers = sum(length - cue for length, cue in zip(lengths, world.questions.start_Q - 0, strict=True))
    assert (icl.prefix_tokens, alone.prefix_tokens) == (context, 0)
    assert icl.tokens_reused == (start.sum() + answers) / 12
    assert icl.prefix_flops == forward_flops(model, 1000, np.array([context]))
    assert icl.input_tokens == context + start.sum() / 12
    right = [
        world.questions.tokens[first + right]
        for first, right in zip(world.items.first_question_N, world.items.answer_N, strict=True)
    ]
    assert icl.output_tokens == alone.output_tokens == (sum(map(len, right)) - start.sum()) / 12
