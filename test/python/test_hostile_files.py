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
# ==========================================================================
"""Files from strangers: headers that lie, data files elsewhere, names with commands for the terminal.

Each is refused by one line that names it, or read; no process crashes, hangs or takes much memory.
"""

import gzip
import json
import os
import resource
import struct
import subprocess

import numpy as np
import pytest
from conftest import command, phantom, write_nifti
from latent_sr.errors import LatentSRError, printable
from latent_sr.volumes import read_header, read_volume

META = {
    "ObjectType": "Image",
    "NDims": "3",
    "BinaryData": "True",
    "TransformMatrix": "1 0 0 0 1 0 0 0 1",
    "Offset": "0 0 0",
    "ElementSpacing": "1 1 5",
    "DimSize": "10 10 20",
    "ElementType": "MET_SHORT",
    "ElementDataFile": "LOCAL",
}
NRRD = {
    "type": "short",
    "dimension": "3",
    "space": "left-posterior-superior",
    "sizes": "10 10 20",
    "space directions": "(1,0,0) (0,1,0) (0,0,5)",
    "kinds": "domain domain domain",
    "endian": "little",
    "encoding": "raw",
    "space origin": "(0,0,0)",
}
PIXELS = bytes(range(200)) * 20


def metaimage(path, data=PIXELS, **changes):
    """Write a MetaImage file with changed entries."""
    lines = [f"{key} = {value}\n" for key, value in (META | changes).items() if key != "ElementDataFile"]
    lines.append(f"ElementDataFile = {(META | changes)['ElementDataFile']}\n")
    path.write_bytes("".join(lines).encode() + data)
    return path


def nrrd(path, data=PIXELS, **changes):
    """Write an NRRD file with changed fields. Blanks of their names are written as underscores."""
    fields = NRRD | {key.replace("_", " "): value for key, value in changes.items()}
    text = "NRRD0004\n" + "".join(f"{key}: {value}\n" for key, value in fields.items()) + "\n"
    if fields.get("data file") == "LIST":
        text = text.removesuffix("\n")  # the names follow at once
    path.write_bytes(text.encode() + data)
    return path


def test_files_without_a_change_are_read(tmp_path):
    for path in (metaimage(tmp_path / "a.mha"), nrrd(tmp_path / "a.nrrd")):
        assert read_header(path).size == (10, 10, 20)
        assert np.array_equal(np.asarray(read_volume(path)).ravel(), np.frombuffer(PIXELS, "<i2"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"NDims": "300"}, "NDims = 300, but it has to be 3 or 4"),
        ({"NDims": "-3"}, "NDims = -3"),
        ({"NDims": "three"}, "NDims = three, but it has to be whole numbers"),
        ({"DimSize": "10 10"}, "DimSize = 10 10, but it has to be 3 positive numbers"),
        ({"DimSize": "-10 10 20"}, "3 positive numbers"),
        ({"DimSize": "0 10 20"}, "3 positive numbers"),
        ({"DimSize": "2147483648 2147483648 3"}, "cut off: its pixels need 27670116110564327424 bytes"),
        ({"DimSize": "10 10 1000000", "CompressedData": "True"}, "cut off"),
        ({"Comment": "A" * 300}, "300 characters for Comment, but 254 are allowed"),
        ({"Comment": "1" * 300}, "300 characters for Comment"),
        ({"Comment": "A\0B"}, "its header is not text"),
        ({"TransformMatrix": "0 0 0 0 0 0 0 0 0"}, "a.mha"),
        ({"ElementSpacing": "1 1 0"}, "a.mha"),
        ({"ElementSpacing": "1 1 nan"}, "a.mha"),
        ({"ElementDataFile": "%s%s%n%d 1 20 1"}, "a pattern has to have one integer"),
        ({"ElementDataFile": "%d%d 1 20 1"}, "a pattern has to have one integer"),
        ({"ElementDataFile": "%d 1 2147483647 1"}, "'1', but there is no such file"),
        ({"ElementDataFile": "/etc/passwd"}, "'/etc/passwd', but they have to be in its own folder"),
        ({"ElementDataFile": "../../etc/passwd"}, "own folder"),
        ({"ElementDataFile": "/dev/zero"}, "own folder"),
        ({"ElementDataFile": "missing.raw"}, "no such file"),
    ],
)
def test_metaimage_headers_that_itks_reader_does_not_survive_are_refused(tmp_path, changes, said):
    with pytest.raises(LatentSRError, match="a\\.mha") as error:
        read_volume(metaimage(tmp_path / "a.mha", **changes))
    assert said in str(error.value)


def test_a_repeated_entry_and_a_list_of_files_elsewhere_are_refused(tmp_path):
    path = metaimage(tmp_path / "a.mha")
    path.write_bytes(b"NDims = 300\n" + path.read_bytes())
    with pytest.raises(LatentSRError, match="NDims twice"):
        read_header(path)
    with pytest.raises(LatentSRError, match=r"'/etc/passwd', but they have to be in its own folder"):
        read_header(metaimage(tmp_path / "a.mhd", b"/etc/passwd\n" * 20, ElementDataFile="LIST"))
    with pytest.raises(LatentSRError, match="no ElementDataFile"):
        (tmp_path / "b.mha").write_bytes(b"NDims = 3\n" + b"".join(b"A%d = 1\n" % number for number in range(200_000)))
        read_header(tmp_path / "b.mha")


def test_data_files_beside_or_below_the_header_are_read(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.raw").write_bytes(PIXELS)
    for number in range(1, 21):
        (tmp_path / f"slice{number:02d}.raw").write_bytes(PIXELS[200 * (number - 1) : 200 * number])
    listed = "".join(f"slice{number:02d}.raw\n" for number in range(1, 21)).encode()
    expected = np.asarray(read_volume(metaimage(tmp_path / "a.mha")))
    for path in (
        metaimage(tmp_path / "a.mhd", b"", ElementDataFile="sub/a.raw"),
        metaimage(tmp_path / "b.mhd", listed, ElementDataFile="LIST"),
        metaimage(tmp_path / "c.mhd", b"", ElementDataFile="slice%02d.raw 1 20 1"),
        nrrd(tmp_path / "a.nhdr", b"", data_file="sub/a.raw"),
        nrrd(tmp_path / "b.nhdr", listed, data_file="LIST"),
        nrrd(tmp_path / "c.nhdr", b"", data_file="slice%02d.raw 1 20 1"),
    ):
        assert np.array_equal(np.asarray(read_volume(path)), expected), path.name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sizes": "2147483648 2147483648 3"}, "cut off: its pixels need"),
        ({"sizes": "65536 65536 100", "encoding": "gzip"}, "cut off: its pixels need"),
        ({"sizes": "-1 10 20"}, "a.nrrd"),
        ({"sizes": "0 10 20"}, "a.nrrd"),
        ({"space_directions": "(nan,0,0) (0,1,0) (0,0,5)"}, "a.nrrd"),
        ({"space_directions": "(0,0,0) (0,1,0) (0,0,5)"}, "a.nrrd"),
        ({"data_file": "/etc/passwd"}, "'/etc/passwd', but they have to be in its own folder"),
        ({"data_file": "../../dev/zero"}, "own folder"),
        ({"data_file": "../x%d.raw 1 20 1"}, "own folder"),
    ],
)
def test_nrrd_headers_that_lie_are_refused(tmp_path, changes, said):
    with pytest.raises(LatentSRError, match="a\\.nrrd") as error:
        read_volume(nrrd(tmp_path / "a.nrrd", **changes))
    assert said in str(error.value)


def nifti_header(path, **fields):
    """Change fields of the header of a NIfTI file: the format of struct, and its position and value."""
    content = bytearray(path.read_bytes())
    for layout, position, *values in fields.values():
        struct.pack_into(layout, content, position, *values)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "fields",
    [
        {"dim": ("<8h", 40, 3, 32767, 32767, 32767, 1, 1, 1, 1)},
        {"dim": ("<8h", 40, 3, -5, 16, 4, 1, 1, 1, 1)},
        {"dim": ("<8h", 40, 7, 32767, 32767, 32767, 32767, 32767, 32767, 32767)},
        {"pixdim": ("<f", 88, float("nan"))},
        {"pixdim": ("<f", 88, float("inf"))},
        {"pixdim": ("<f", 88, 0.0)},
        {"sform": ("<h12f", 254, 1, *[float("nan")] * 12)},
        {"offset": ("<f", 108, 1e9)},
        {"offset": ("<f", 108, float("nan"))},
        {"datatype": ("<hh", 70, 9999, 16)},
    ],
)
def test_nifti_headers_that_lie_are_refused(tmp_path, fields):
    path = write_nifti(tmp_path / "a.nii", phantom())
    changes = {"sform off": ("<hh", 252, 0, 0), **fields} if "pixdim" in fields else fields
    nifti_header(path, **changes)
    with pytest.raises(LatentSRError, match="a\\.nii"):
        read_volume(path)


def test_an_endless_compressed_file_takes_no_more_than_its_pixels(tmp_path, latent_sr_process):
    path = write_nifti(tmp_path / "a.nii", phantom())
    block = gzip.compress(bytes(1 << 26))
    (tmp_path / "a.nii.gz").write_bytes(gzip.compress(path.read_bytes()) + 32 * block)
    result = subprocess.run(
        [*command(), "upsample", tmp_path / "a.nii.gz", tmp_path / "b.nii.gz", "--factor", "2", "--threads", "1"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30)),
    )
    assert result.returncode in (0, 1), result.stderr
    assert "Traceback" not in result.stderr


def test_pipes_devices_and_loops_are_refused_at_once(tmp_path, latent_sr_run):
    os.mkfifo(tmp_path / "pipe.nii")
    (tmp_path / "zero.nii.gz").symlink_to("/dev/zero")
    (tmp_path / "loop.nii").symlink_to("loop.nii")
    for name in ("pipe.nii", "zero.nii.gz", "loop.nii"):
        for words in (
            ["upsample", tmp_path / name, tmp_path / "out.nii"],
            ["metrics", tmp_path / name, tmp_path / name],
        ):
            outcome = latent_sr_run(*words)
            assert outcome.returncode in (1, 2)
            assert name in outcome.stderr.splitlines()[-1]
            assert outcome.stderr.count("\n") == 1


HOSTILE = "x\x1b]0;title\x07\x1b[31m\n\u202elatot.nii"


def test_the_terminal_sees_no_control_character_of_a_file_name(tmp_path, latent_sr_run, tiny_model):
    path = write_nifti(tmp_path / HOSTILE, phantom())
    nifti_header(path, forms=("<hh", 252, 0, 0))  # a warning names the file
    out = tmp_path / f"out{HOSTILE}"
    for words in (
        ["upsample", path, out, "--factor", 2, "--model", tiny_model, "--axis", 2],
        ["metrics", path, path],
        ["evaluate", path, "--model", tiny_model, "--axis", 2, "--report", tmp_path / "r.html", "--json", "-"],
        ["evaluate", path, "--model", tiny_model, "--axis", 2],
        ["upsample", path, path],
        ["info", path],
    ):
        outcome = latent_sr_run(*words)
        shown = outcome.stdout + outcome.stderr
        assert all(character.isprintable() or character == "\n" for character in shown), words
    report = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "\x1b" not in report


def test_what_is_printed_has_no_characters_that_the_terminal_executes():
    assert printable("a\x1b[31m\n\t\u202eb\x9bc") == r"a\x1b[31m\n \u202eb\x9bc"
    assert printable(os.fsdecode(b"a\xff")) == r"a\xff"
    assert printable("Schädel 头") == "Schädel 头"


def test_names_that_are_not_utf8_are_refused_by_all_commands(tmp_path, latent_sr_run, tiny_model):
    good = write_nifti(tmp_path / "good.nii", phantom())
    bad = tmp_path / os.fsdecode(b"bad\xff.nii")
    bad.write_bytes(good.read_bytes())
    for words in (
        ["upsample", bad, tmp_path / "out.nii"],
        ["upsample", good, bad, "--overwrite"],
        ["metrics", bad, good],
        ["evaluate", bad],
        ["train", bad, "--output", tmp_path / "m.safetensors"],
        ["info", bad],
    ):
        outcome = latent_sr_run(*words)
        assert outcome.returncode == 1
        assert r"bad\xff.nii' is not UTF-8" in outcome.stderr


def test_a_report_and_json_escape_what_comes_from_names(tmp_path, latent_sr_run, tiny_model):
    name = "<script>alert(1)</script>&\"'{{7*7}}.nii".replace("/", "\u2215")
    path = write_nifti(tmp_path / name, phantom())
    model = tmp_path / "<img src=x onerror=alert(1)>.safetensors"
    model.write_bytes(tiny_model.read_bytes())
    report, result = tmp_path / "r.html", tmp_path / "r.json"
    outcome = latent_sr_run("evaluate", path, "--model", model, "--report", report, "--json", result)
    assert outcome.returncode == 0, outcome.stderr
    text = report.read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;" in text
    assert "49.nii" not in text
    assert any(name in volume["path"] for volume in json.loads(result.read_text(encoding="utf-8"))["volumes"])
