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
"""The slice-recovery experiment over a cohort.

============== ==================================================================================
``options``    its options
``run``        the experiment: which volumes, in which processes
``methods``    the methods that recover slices
``recover``    one file: drop slices, recover them, measure
``masks``      the masks of the pixels that are measured
``subjects``   the subject of each volume
``result``     the result, in the form of ``SCHEMA.md``
``statistics`` means, intervals and tests over subjects
``worst``      the best methods and the worst slices
``tables``     the result as text and CSV
``pictures``   the pictures of the report
``report``     the result as one HTML file
============== ==================================================================================
"""
