"""Sixteen float32 numbers handled as one, inside compiled kernels: one class a lane.

LLVM cannot prove that two NumPy arrays do not overlap, so it leaves a loop over classes scalar.
Here the class axis is a vector type of its own: `load` a row of sixteen, compute with + - * /,
`maximum`, `select_positive` and `exponential`, and `store` it. On a processor with narrower
registers LLVM splits the vector.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.datamodel.models import PrimitiveModel
from numba.extending import intrinsic, overload, register_model

WIDTH = 16  # float32 numbers in a 64-byte cache line, and in one AVX-512 register

FLOATS = ir.VectorType(ir.FloatType(), WIDTH)
INTEGERS = ir.VectorType(ir.IntType(32), WIDTH)


class LanesType(types.Type):
    """The Numba type of sixteen float32 lanes."""

    def __init__(self) -> None:
        super().__init__(name="Lanes")


lanes_type = LanesType()


@register_model(LanesType)
class LanesModel(PrimitiveModel):
    """Lanes are one LLVM vector."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, FLOATS)


def spread(builder, value):
    """An LLVM vector with `value` in every lane."""
    first = builder.insert_element(
        ir.Constant(FLOATS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
    )
    zeros = ir.Constant(INTEGERS, [0] * WIDTH)
    return builder.shuffle_vector(first, ir.Constant(FLOATS, ir.Undefined), zeros)


def row_pointer(context, builder, array_type, array, row):
    """Pointer to sixteen numbers from array[row, 0] (or array[16 * row] of a flat array)."""
    data = cgutils.create_struct_proxy(array_type)(context, builder, array).data
    return builder.gep(data, [builder.mul(row, ir.Constant(row.type, WIDTH))])


def is_rows(array) -> bool:
    """Whether a Numba type is a C-ordered float32 or int8 array."""
    return isinstance(array, types.Array) and array.layout == "C"


@intrinsic
def load(typing, array, row):
    """array[row] of a C-ordered (n, 16) float32 or int8 array, as lanes."""
    if not is_rows(array):
        return None

    def build(context, builder, signature, arguments):
        pointer = row_pointer(context, builder, signature.args[0], *arguments)
        if signature.args[0].dtype == types.int8:
            narrow = ir.VectorType(ir.IntType(8), WIDTH)
            loaded = builder.load(builder.bitcast(pointer, narrow.as_pointer()), align=1)
            return builder.sitofp(loaded, FLOATS)
        return builder.load(builder.bitcast(pointer, FLOATS.as_pointer()), align=4)

    return lanes_type(array, types.intp), build


@intrinsic
def store(typing, array, row, lanes):
    """array[row] = lanes, for a C-ordered (n, 16) float32 array."""
    if not is_rows(array):
        return None

    def build(context, builder, signature, arguments):
        pointer = row_pointer(context, builder, signature.args[0], *arguments[:2])
        builder.store(arguments[2], builder.bitcast(pointer, FLOATS.as_pointer()), align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes_type), build


@intrinsic
def fill(typing, value):
    """`value` in every lane."""

    def build(context, builder, signature, arguments):
        return spread(builder, arguments[0])

    return lanes_type(types.float32), build


def binary(name):
    """An intrinsic of two lanes, by the name of the LLVM instruction."""

    @intrinsic
    def operation(typing, left, right):
        def build(context, builder, signature, arguments):
            return getattr(builder, name)(*arguments, flags=("nsz", "contract"))

        return lanes_type(lanes_type, lanes_type), build

    return operation


def over_operator(symbol, name):
    """Give lanes a Python operator; a scalar operand is spread to every lane."""
    operation = binary(name)

    @overload(symbol)
    def operator_of_lanes(left, right):
        if left is lanes_type and right is lanes_type:
            return lambda left, right: operation(left, right)
        if left is lanes_type and isinstance(right, types.Number):
            return lambda left, right: operation(left, fill(np.float32(right)))
        if right is lanes_type and isinstance(left, types.Number):
            return lambda left, right: operation(fill(np.float32(left)), right)
        return None


for symbol, instruction in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    over_operator(symbol, instruction)


@intrinsic
def maximum(typing, left, right):
    """The greater of two lanes."""

    def build(context, builder, signature, arguments):
        greater = builder.fcmp_ordered(">", *arguments)
        return builder.select(greater, *arguments)

    return lanes_type(lanes_type, lanes_type), build


@intrinsic
def select_positive(typing, condition, positive, other):
    """Lane by lane: `positive` where condition > 0, else `other`."""

    def build(context, builder, signature, arguments):
        zero = ir.Constant(FLOATS, [0.0] * WIDTH)
        return builder.select(builder.fcmp_ordered(">", arguments[0], zero), *arguments[1:])

    return lanes_type(lanes_type, lanes_type, lanes_type), build


@intrinsic
def multiply_add(typing, left, right, addend):
    """left * right + addend, rounded once."""

    def build(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(FLOATS, [FLOATS] * 3), "llvm.fma.v16f32"
        )
        return builder.call(function, arguments)

    return lanes_type(lanes_type, lanes_type, lanes_type), build


@intrinsic
def any_nonzero(typing, lanes):
    """Whether any lane differs from 0."""

    def build(context, builder, signature, arguments):
        zero = ir.Constant(FLOATS, [0.0] * WIDTH)
        differs = builder.fcmp_unordered("!=", arguments[0], zero)
        packed = builder.bitcast(differs, ir.IntType(WIDTH))
        return builder.icmp_unsigned("!=", packed, ir.Constant(ir.IntType(WIDTH), 0))

    return types.boolean(lanes_type), build


@intrinsic
def power_of_two(typing, exponent):
    """2 to the power of a whole number, lane by lane; -126 <= exponent <= 127."""

    def build(context, builder, signature, arguments):
        whole = builder.fptosi(arguments[0], INTEGERS)
        biased = builder.add(whole, ir.Constant(INTEGERS, [127] * WIDTH))
        shifted = builder.shl(biased, ir.Constant(INTEGERS, [23] * WIDTH))
        return builder.bitcast(shifted, FLOATS)

    return lanes_type(lanes_type), build


@intrinsic
def rounded(typing, lanes):
    """The nearest whole number."""

    def build(context, builder, signature, arguments):
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(FLOATS, [FLOATS]), "llvm.rint.v16f32"
        )
        return builder.call(function, arguments)

    return lanes_type(lanes_type), build


@intrinsic
def total(typing, lanes):
    """The sum of all lanes, added in order."""

    def build(context, builder, signature, arguments):
        result = ir.Constant(ir.FloatType(), 0.0)
        for lane in range(WIDTH):
            item = builder.extract_element(arguments[0], ir.Constant(ir.IntType(32), lane))
            result = builder.fadd(result, item)
        return result

    return types.float32(lanes_type), build


@njit(inline="always")
def exponential(lanes):
    """e to the power of each lane, to about 2e-7 relative; clamped to [-87, 88].

    Range reduction by Cody and Waite; Taylor polynomial of degree 6 on [-ln 2 / 2, ln 2 / 2].
    """
    one = fill(np.float32(1))
    low = fill(np.float32(-87))
    bounded = fill(np.float32(0)) - maximum(
        fill(np.float32(0)) - maximum(lanes, low), fill(np.float32(-88))
    )
    whole = rounded(bounded * np.float32(1.4426950408889634))
    rest = multiply_add(whole, fill(np.float32(-0.693359375)), bounded)
    rest = multiply_add(whole, fill(np.float32(2.12194440e-4)), rest)
    series = fill(np.float32(1 / 720))
    series = multiply_add(series, rest, fill(np.float32(1 / 120)))
    series = multiply_add(series, rest, fill(np.float32(1 / 24)))
    series = multiply_add(series, rest, fill(np.float32(1 / 6)))
    series = multiply_add(series, rest, fill(np.float32(1 / 2)))
    series = multiply_add(series, rest, one)
    series = multiply_add(series, rest, one)
    return series * power_of_two(whole)
