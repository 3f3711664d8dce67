"""Running a TFLite network on one core (LiteRT with XNNPACK)."""

from collections.abc import Sequence

import numpy as np


class Network:
    """A TFLite network with one float input and some of its outputs.

    Parameters
    ----------
    content
        The file's bytes.
    outputs
        Numbers of the outputs that are wanted, in the file's order. What only the others need is not computed.
    """

    def __init__(self, content: bytes, outputs: Sequence[int]) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._interpreter = Interpreter(model_content=_with_outputs(content, outputs), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._outputs = [output["index"] for output in self._interpreter.get_output_details()]

    def run(self, image: np.ndarray) -> list[np.ndarray]:
        """Run on one image.

        Parameters
        ----------
        image : (H, W, 3) float32, of the network's size and in its range of values.

        Returns
        -------
        The wanted outputs, each without its batch axis.
        """
        self._interpreter.set_tensor(self._input, image[None])
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index)[0] for index in self._outputs]


def _with_outputs(content: bytes, outputs: Sequence[int]) -> bytes:
    """The network reduced to some outputs and the operators that these need."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph = model.subgraphs[0]
    if list(outputs) == list(range(len(graph.outputs))):
        return content
    graph.outputs = [graph.outputs[number] for number in outputs]
    needed = {int(tensor) for tensor in graph.outputs}
    operators = []
    for operator in reversed(graph.operators):
        if needed.intersection(int(tensor) for tensor in operator.outputs):
            needed.update(int(tensor) for tensor in operator.inputs)
            operators.append(operator)
    graph.operators = operators[::-1]
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
