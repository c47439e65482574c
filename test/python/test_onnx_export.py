# ==========================================================================
#
#   Copyright NumFOCUS
#
#   Licensed under the Apache License, Version 2.0 (the "License");
#   you may not use this file except in compliance with the License.
#   You may obtain a copy of the License at
#
#          https://www.apache.org/licenses/LICENSE-2.0.txt
#
#   Unless required by applicable law or agreed to in writing, software
#   distributed under the License is distributed on an "AS IS" BASIS,
#   WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
#   See the License for the specific language governing permissions and
#   limitations under the License.
#
"""The ONNX graphs of a model: ONNX Runtime and OpenVINO compute what PyTorch, the C++ network and the filter do."""

import hashlib
import json
import re
import sys
from contextlib import chdir
from importlib.util import find_spec
from types import SimpleNamespace

import itk
import latent_sr
import numpy as np
import pytest
from conftest import REPOSITORY, phantom
from latent_sr.errors import LatentSRError, UsageError
from openvino_process import infer
from test_command_line import assert_one_line_error
from test_torch_model import make_model, mixing_model

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("safetensors")

from latent_sr.onnx_export import GRAPHS, OPSETS, export_onnx, latent_shapes  # noqa: E402
from latent_sr.torch_model import Architecture, Autoencoder  # noqa: E402

PAGE = (REPOSITORY / "docs" / "onnx.md").read_text(encoding="utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]


def bundled_model(path):
    """Write the bundled model to a file."""
    try:
        model = latent_sr.load_model()
    except LatentSRError as error:
        pytest.skip(str(error))
    model.Write(str(path), True)
    return model


def linear_model(path):
    """Write a model with linear mixing. Its weights are larger than random ones, whose slices are almost constant."""
    from safetensors import safe_open
    from safetensors.torch import load_file, save_file

    model = make_model(2, 8, 4, [1])
    model.Write(str(path))
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
    weights = {name: z * 2 if z.dim() == 4 else z for name, z in load_file(path).items()}
    weights["to_image.2.bias"] += 0.5
    save_file(weights, path, metadata)
    model.Read(str(path))
    return model


MODELS = {
    "linear": linear_model,
    "learned": lambda path: mixing_model(path, context=True, pixels=True),
    "learned without context": lambda path: mixing_model(path, context=False, pixels=False),
    "bundled": bundled_model,
}


@pytest.fixture(scope="module", params=MODELS)
def exported(request, tmp_path_factory):
    """A model: its file, the C++ network, that of PyTorch, and the folder with its graphs."""
    folder = tmp_path_factory.mktemp("graphs")
    path = folder / "m.safetensors"
    model = MODELS[request.param](path)
    source = None if request.param == "bundled" else str(path)
    export_onnx(source, folder / "graphs")
    return SimpleNamespace(
        source=source, model=model, network=Autoencoder.from_file(path), graphs=folder / "graphs", loaded={}
    )


def onnx_runtime(path):
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_outputs()]

    def run(tensors):
        found = session.run(names, {port.name: tensors[port.name] for port in session.get_inputs()})
        return dict(zip(names, found, strict=True))

    return run


def open_vino(path):
    if find_spec("openvino") is None:
        pytest.skip("no OpenVINO")
    return lambda tensors: infer(str(path), tensors)


@pytest.fixture(params=[onnx_runtime, open_vino])
def run(request, exported):
    """Run a graph of the model by its name."""

    def by_name(graph, tensors):
        key = request.param, graph
        if key not in exported.loaded:
            exported.loaded[key] = request.param(exported.graphs / f"{graph}.onnx")
        return exported.loaded[key](tensors)

    return by_name


def slices_for(network, count, rows, columns):
    """Return random slices whose sides are multiples of the number that the network needs."""
    multiple = network.architecture.slice_size_multiple
    generator = np.random.default_rng(count)
    return generator.random((count, rows * multiple, columns * multiple), np.float32)


def named(network, latent):
    return dict(zip(latent_shapes(network.architecture), (z.numpy() for z in latent), strict=True))


def of_cpp(network, latent):
    """Return the tensors of a C++ latent by name."""
    names = latent_shapes(network.architecture)
    return {
        name: np.array(latent.GetTensorValues(n), np.float32).reshape(latent.GetTensorShape(n))
        for n, name in enumerate(names)
    }


def assert_equal(found, expected):
    """Assert that all tensors are the same, except for rounding: 1e-5 of the largest value."""
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name].dtype == np.float32
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-5 * abs(values).max())


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 2, 5), (5, 4, 3)])
def test_the_encoder_is_that_of_pytorch_and_cpp(exported, run, size):
    slices = slices_for(exported.network, *size)
    found = run("encoder", {"slices": slices[:, None]})
    with torch.inference_mode():
        assert_equal(found, named(exported.network, exported.network.encode(torch.from_numpy(slices)[:, None])))
    assert_equal(found, of_cpp(exported.network, exported.model.Encode(itk.image_from_array(slices))))


@pytest.mark.parametrize("outer", [True, False])
def test_the_mixing_is_that_of_pytorch_and_cpp_at_a_position_for_each_pair(exported, run, outer):
    network, alphas = exported.network, [0.0, 0.25, 0.5, 0.9, 1.0]
    slices = slices_for(network, len(alphas) + 3, 2, 3)
    latent = exported.model.Encode(itk.image_from_array(slices))
    parts = [latent.Extract(number, 1) for number in range(len(slices))]
    tensors = of_cpp(network, latent)
    # Without the slices beyond, those of the pair stand in.
    roles = {"first": 1, "second": 2, "before": 0 if outer else 1, "after": 3 if outer else 2}
    count = len(alphas)
    inputs = {f"{role}_{name}": z[k : k + count] for role, k in roles.items() for name, z in tensors.items()}
    alpha = np.array(alphas, np.float32).reshape(-1, 1, 1, 1)
    found = run("mixing", inputs | {"alpha": alpha})
    latents = {
        role: [torch.from_numpy(inputs[f"{role}_{name}"]) for name in tensors]
        for role in (roles if outer else ("first", "second"))
    }
    with torch.inference_mode():
        assert_equal(found, named(network, network.mix(alpha=torch.from_numpy(alpha), **latents)))
    for number, position in enumerate(alphas):
        around = parts[number : number + 4]
        mixed = exported.model.Mix(around[1], around[2], position, *((around[0], around[3]) if outer else ()))
        assert_equal({name: z[[number]] for name, z in found.items()}, of_cpp(network, mixed))


def test_a_pair_is_mixed_at_several_positions_and_several_pairs_at_one(exported, run):
    network = exported.network
    with torch.inference_mode():
        tensors = named(network, network.encode(torch.from_numpy(slices_for(network, 6, 1, 2))[:, None]))

    def mix(alphas, begin, count):
        alpha = np.array(alphas, np.float32).reshape(-1, 1, 1, 1)
        inputs = {
            f"{role}_{name}": z[k + begin : k + begin + count]
            for k, role in enumerate(("before", "first", "second", "after"))
            for name, z in tensors.items()
        }
        return run("mixing", inputs | {"alpha": alpha})

    one_by_one = [mix([alpha], 0, 1) for alpha in (0.2, 0.4, 0.9)]
    assert_equal(mix([0.2, 0.4, 0.9], 0, 1), {name: np.concatenate([z[name] for z in one_by_one]) for name in tensors})
    assert_equal(mix([0.3], 0, 3), mix([0.3, 0.3, 0.3], 0, 3))


def test_the_decoder_is_that_of_pytorch_and_cpp(exported, run):
    network = exported.network
    slices = slices_for(network, 4, 3, 2)
    latent = exported.model.Encode(itk.image_from_array(slices))
    mixed = exported.model.Mix(latent.Extract(0, 3), latent.Extract(1, 3), 0.4)
    tensors = of_cpp(network, mixed)
    found = run("decoder", tensors)
    assert_equal(found, {"slices": itk.array_from_image(exported.model.Decode(mixed))[:, None]})
    with torch.inference_mode():
        decoded = network.decode([torch.from_numpy(z) for z in tensors.values()])
    assert_equal(found, {"slices": decoded.numpy()})


def test_the_program_of_the_page_gives_the_slices_of_the_filter(exported, tmp_path):
    pytest.importorskip("onnxruntime")
    scope = {"__name__": "__main__"}
    with chdir(tmp_path):
        exec(PROGRAM.replace("export_onnx(None,", f"export_onnx({exported.source!r},"), scope)
    stack = phantom(slices=3, rows=37, columns=52).astype(np.float32)
    low, high = float(stack.min()), float(stack.max())
    image = itk.image_from_array(stack)
    spacing = exported.model.GetInPlaneSpacing()
    image.SetSpacing([spacing, spacing, 8.0])
    # By a factor of 12, some slices lie so close to acquired ones that learned mixing is not used there.
    for factor in (3, 12):
        upsampler = itk.LatentSpaceSuperResolutionImageFilter[type(image), type(image)].New(image)
        upsampler.SetModel(exported.model)
        upsampler.SetOutputMode(itk.LatentSpaceSuperResolutionImageFilterEnums.OutputMode_Decoded)
        upsampler.SetUpsamplingFactor(factor)
        upsampler.SetWindowMinimum(low)
        upsampler.SetWindowMaximum(high)
        upsampler.Update()
        expected = (itk.array_from_image(upsampler.GetOutput()) - low) / (high - low)
        found = scope["upsample"]((stack - low) / (high - low), factor)
        np.testing.assert_allclose(found, expected, atol=1e-5)
        assert expected.std() > 0.01


# The files ------------------------------------------------------------------------------------------------------------


def texts_of(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_the_metadata_says_what_the_network_expects(tiny_model, tmp_path):
    for path in export_onnx(tiny_model, tmp_path / "graphs"):
        texts = texts_of(path)
        assert texts["latent_sr.onnx.format"] == "latent-sr/onnx/1"
        assert texts["latent_sr.onnx.graph"] == path.stem
        assert texts["latent_sr.onnx.slice_size_multiple"] == "8"
        assert texts["latent_sr.onnx.model_file"] == tiny_model.name
        assert texts["latent_sr.onnx.model_sha256"] == hashlib.sha256(tiny_model.read_bytes()).hexdigest()
        assert json.loads(texts["latent_sr.preprocessing"]) == {
            "in_plane_spacing_mm": 1.4,
            "window_percentiles": [1.0, 99.0],
        }
        assert texts["provenance.license"] == "none, it is a test"
        assert Architecture(**json.loads(texts["latent_sr.architecture"])).poolings == 2


def test_the_bundled_model_has_the_hash_of_its_file(tmp_path):
    bundled_model(tmp_path / "m.safetensors")
    texts = texts_of(export_onnx(None, tmp_path / "graphs")[0])
    assert texts["latent_sr.onnx.model_file"] == "bundled"
    assert texts["latent_sr.onnx.model_sha256"] == hashlib.sha256((tmp_path / "m.safetensors").read_bytes()).hexdigest()


def test_shapes_have_names_for_what_may_change(tiny_model, tmp_path):
    for path in export_onnx(tiny_model, tmp_path):
        graph = onnx.load(path).graph
        shapes = {
            value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
            for value in (*graph.input, *graph.output)
        }
        if path.stem != "mixing":
            assert shapes == {
                "slices": ["slices", 1, "rows", "columns"],
                "latent": ["slices", 4, "rows/8", "columns/8"],
                "features_1": ["slices", 8, "rows/8", "columns/8"],
                "pixels": ["slices", 4, "rows/2", "columns/2"],
            }


def test_the_same_model_gives_the_same_bytes(tiny_model, tmp_path):
    first, second = (export_onnx(tiny_model, tmp_path / name) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize("opset", [OPSETS[0], OPSETS[-1]])
def test_graphs_have_the_version_of_operators_that_is_wanted(tiny_model, tmp_path, opset):
    for path in export_onnx(tiny_model, tmp_path, opset=opset):
        assert [entry.version for entry in onnx.load(path).opset_import] == [opset]


def test_a_network_is_exported_and_stays_as_it_is(tiny_model, tmp_path):
    network = Autoencoder.from_file(tiny_model).double().train()
    paths = export_onnx(network, tmp_path / "a")
    assert network.training
    assert {weight.dtype for weight in network.parameters()} == {torch.float64}
    for path, expected in zip(paths, export_onnx(tiny_model, tmp_path / "b"), strict=True):
        assert onnx.load(path).graph == onnx.load(expected).graph
        texts, of_file = texts_of(path), texts_of(expected)
        assert {*of_file} - {*texts} == {"latent_sr.onnx.model_file", "latent_sr.onnx.model_sha256"}
        assert texts.items() <= of_file.items()
    assert "provenance.license" not in texts_of(export_onnx(Autoencoder(), tmp_path / "c")[0])


def test_existing_graphs_are_replaced_on_demand_only(tiny_model, tmp_path):
    (tmp_path / "mixing.onnx").write_text("mine")
    with pytest.raises(LatentSRError, match=r"mixing\.onnx' exists already"):
        export_onnx(tiny_model, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mixing.onnx"]
    assert (tmp_path / "mixing.onnx").read_text() == "mine"
    export_onnx(tiny_model, tmp_path, overwrite=True)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(GRAPHS)
    onnx.checker.check_model(str(tmp_path / "mixing.onnx"))


@pytest.mark.parametrize("graph", GRAPHS)
def test_after_a_failure_there_is_no_graph(tiny_model, tmp_path, monkeypatch, graph):
    def full_disk(path):
        if graph in path.name:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("latent_sr.onnx_export.synchronize", full_disk)
    with pytest.raises(LatentSRError, match=rf"can't write '.*{graph}\.onnx': No space left on device"):
        export_onnx(tiny_model, tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_model_is_refused_by_name(tiny_model, tmp_path):
    (tmp_path / "damaged.safetensors").write_bytes(tiny_model.read_bytes()[:-100])
    for name, words in (("damaged.safetensors", "is not a valid model"), ("missing.safetensors", "does not exist")):
        with pytest.raises(LatentSRError, match=rf"{name}.*{words}"):
            export_onnx(tmp_path / name, tmp_path / "graphs")
    with pytest.raises(UsageError, match="opset is 12, but has to be 13 to 20"):
        export_onnx(tiny_model, tmp_path / "graphs", opset=12)
    assert not (tmp_path / "graphs").exists()


@pytest.mark.parametrize("package", ["onnx", "safetensors"])
def test_a_missing_package_is_named(latent_sr_run, tiny_model, tmp_path, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    result = latent_sr_run("export", tiny_model, tmp_path / "graphs")
    assert_one_line_error(result, 1, f"needs the package '{package}': pip install {package}")
    assert list(tmp_path.iterdir()) == []


# The command ----------------------------------------------------------------------------------------------------------


def test_the_command_writes_the_graphs(latent_sr_run, tiny_model, tmp_path):
    result = latent_sr_run("export", tiny_model, tmp_path / "graphs")
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [str(tmp_path / "graphs" / f"{name}.onnx") for name in GRAPHS]
    assert result.stderr == ""
    assert_one_line_error(latent_sr_run("export", tiny_model, tmp_path / "graphs"), 1, "exists already", "--overwrite")
    assert latent_sr_run("export", tiny_model, tmp_path / "graphs", "--overwrite", "--opset", 18).returncode == 0
    assert onnx.load(tmp_path / "graphs" / "mixing.onnx").opset_import[0].version == 18


@pytest.mark.parametrize("words", [[], ["bundled"]])
def test_the_command_takes_the_bundled_model(latent_sr_run, tmp_path, words):
    bundled_model(tmp_path / "m.safetensors")
    assert latent_sr_run("export", *words, tmp_path / "graphs").returncode == 0
    assert texts_of(tmp_path / "graphs" / "encoder.onnx")["latent_sr.onnx.model_file"] == "bundled"


def test_wrong_use_of_the_command_is_one_line(latent_sr_run, tiny_model, tmp_path):
    (tmp_path / "file").write_text("mine")
    for words, code, parts in (
        ((), 2, ["FOLDER"]),
        ((tiny_model, tmp_path / "graphs", "--opset", 30), 2, ["opset is 30", "13 to 20"]),
        ((tmp_path / "none.safetensors", tmp_path / "graphs"), 1, ["none.safetensors", "does not exist"]),
        ((tiny_model, tmp_path / "file"), 1, ["file", "is a file"]),
    ):
        assert_one_line_error(latent_sr_run("export", *words), code, *parts)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_command_has_a_help_with_examples(latent_sr_run):
    result = latent_sr_run("export", "--help")
    assert result.returncode == 0
    assert "examples:" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 120
