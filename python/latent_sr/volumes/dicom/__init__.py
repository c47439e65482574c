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
"""DICOM: from files as scanners write them to volumes, and back to a derived series.

============ ==============================================================================================
``scan``     which files of a folder are DICOM images, and their attributes
``frames``   the images in a file: where each lies, what its values mean, what tells it from others
``series``   the series in a folder, and which of them make the volume that is asked for
``stack``    the place of every image in a stack, or in a stack for each phase; the grid of the volume
``alike``    what has to be the same for all images of a stack
``phases``   the order in time of the images at one position
``pixels``   the values
``read``     reading of a volume
``template`` what a derived series has in common with its source
``write``    a derived series of a volume
============ ==============================================================================================
"""
