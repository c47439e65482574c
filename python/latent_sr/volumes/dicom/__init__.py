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
"""DICOM: reading of volumes from files as scanners write them, and writing of derived series.

============ ==============================================================================================
``scan``     the DICOM images in a folder, and their attributes
``frames``   the images in a file: their position, pixel values and distinguishing attributes
``series``   the series in a folder, and the choice of those that form the requested volume
``stack``    the order of the images in a stack, or in one stack per phase; the grid of the volume
``alike``    attributes that must be equal for all images of a stack
``phases``   the order in time of the images at one position
``pixels``   the pixel values
``read``     reading of a volume
``template`` the attributes that a derived series takes from its source
``write``    writing of a derived series
============ ==============================================================================================
"""
