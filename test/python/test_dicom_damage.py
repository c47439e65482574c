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
"""DICOM files that are cut off, emptied, linked or missing: no slice is left out, and refusals name the file."""

import re

import pytest
from dicom_files import SERIES, classic, enhanced, name_of, pixels, places, save, stack
from dicom_places import check_image, planes_of, right_or_refused
from dicom_plan_files import PRESENTATION_STATE
from latent_sr.errors import LatentSRError
from latent_sr.volumes import ReadOptions, open_volume

hypothesis = pytest.importorskip("hypothesis")
pydicom = pytest.importorskip("pydicom")


@pytest.mark.parametrize("suffix", ["", ".dcm", ".17"])
@pytest.mark.parametrize("where", ["beside", "below"])
@pytest.mark.parametrize("series", [(), (SERIES,)])
def test_the_last_slice_is_never_left_out_when_it_is_cut_off_anywhere(tmp_path, suffix, where, series):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets, suffix)
    file = folder / name_of(folder, datasets[-1])
    data = file.read_bytes()
    if where == "below":
        (folder / "below").mkdir()
        file = file.rename(folder / "below" / file.name)
    for size in [*range(0, len(data), 41), *range(data.index(SERIES.encode()), len(data), 97), len(data) - 1]:
        file.write_bytes(data[:size])
        with pytest.raises(LatentSRError, match=re.escape(file.name)):
            open_volume(folder, options=ReadOptions(series=series))


def test_an_enhanced_file_is_refused_wherever_it_is_cut_off(tmp_path):
    folder = save(tmp_path / "s", [enhanced(pixels(3, 4, 4), places(3))])
    (file,) = folder.iterdir()
    data = file.read_bytes()
    for size in range(0, len(data), 6):
        file.write_bytes(data[:size])
        with pytest.raises(LatentSRError, match=re.escape(file.name)):
            open_volume(folder)


@pytest.mark.parametrize(
    "keyword", ["SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "Rows"]
)
def test_an_unknown_value_representation_is_damage(tmp_path, keyword):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    file = folder / name_of(folder, datasets[1])
    tag = pydicom.tag.Tag(keyword)
    data = file.read_bytes()
    at = data.index(tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little"), 132)
    file.write_bytes(data[: at + 4] + b"QI" + data[at + 6 :])
    right_or_refused(folder, [datasets], re.escape(file.name))


def test_an_empty_file_in_a_separate_folder_is_not_a_missing_slice(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets, "")
    (folder / name_of(folder, datasets[-1])).unlink()
    (folder / "below").mkdir()
    (folder / "below" / "last").write_bytes(b"")
    with pytest.raises(LatentSRError, match="last' is empty"):
        open_volume(folder)


def test_a_dead_link_is_a_missing_slice(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    file = folder / name_of(folder, datasets[-1])
    file.unlink()
    file.symlink_to(tmp_path / "gone")
    with pytest.raises(LatentSRError, match=file.name):
        open_volume(folder)


def test_slices_in_a_folder_that_is_linked_are_not_left_out(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets[:-1])
    (folder / "below").symlink_to(save(tmp_path / "other", datasets[-1:]))
    right_or_refused(folder, [datasets])


def test_a_folder_with_a_link_to_itself_is_read_once(tmp_path):
    datasets = stack(pixels(3, 4, 4))
    folder = save(tmp_path / "s", datasets)
    (folder / "below").symlink_to(folder)
    right_or_refused(folder, [datasets])


def test_a_missing_part_of_a_concatenation_is_refused(tmp_path):
    part = {"ConcatenationUID": "1.2.3", "InConcatenationNumber": 1, "InConcatenationTotalNumber": 3}
    folder = save(tmp_path / "s", [enhanced(pixels(2, 4, 4), places(6)[:2], **part)])
    with pytest.raises(LatentSRError, match="in 3 files"):
        open_volume(folder)


def test_all_parts_of_a_concatenation_are_one_volume(tmp_path):
    values, where = pixels(6, 4, 4), places(6)
    parts = [
        enhanced(
            values[first : first + 2],
            where[first : first + 2],
            ConcatenationUID="1.2.3",
            InConcatenationNumber=1 + first // 2,
            InConcatenationTotalNumber=3,
            ConcatenationFrameOffsetNumber=first,
        )
        for first in (0, 2, 4)
    ]
    image = open_volume(save(tmp_path / "s", parts)).image
    check_image(image, planes_of(values, where))


def test_a_multi_frame_file_without_the_dicom_prefix_is_read_by_the_same_rules(tmp_path):
    order = [0, 2, 1, 3]
    values, where = pixels(4, 5, 6), places(4)
    folder = save(tmp_path / "s", [enhanced(values[order], [where[n] for n in order])], "")
    (file,) = folder.iterdir()
    data = file.read_bytes()
    # After the preamble and the prefix comes the file meta information, which begins with its length.
    file.write_bytes(data[144 + int.from_bytes(data[140:144], "little") :])
    try:
        image = open_volume(file).image
    except LatentSRError as error:
        assert str(file) in str(error)
    else:
        check_image(image, planes_of(values, where))


@pytest.mark.parametrize("kind", [PRESENTATION_STATE, "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.1.3.10"])
def test_an_object_that_is_not_an_image_is_refused_with_its_file_name(tmp_path, kind):
    dataset = classic(pixels(4, 4), (0, 0, 0), SOPClassUID=kind, PixelData=None, Rows=None)
    (file,) = save(tmp_path / "s", [dataset]).iterdir()
    with pytest.raises(LatentSRError, match=re.escape(file.name)) as caught:
        open_volume(file)
    assert "floating point" not in str(caught.value)
