#-- # Grading Level Criteria Report
#-- EVALUATION DATE: 2026-11-29
#-- EVALUATORS: [The ITKLatentSpaceSuperResolution developers]
#--
#-- ## Compliance level 5 star (AKA ITK main modules, or remote modules that could become core modules)
#--   - [ ] Widespread community dependance
#--   - [ ] Above 90% code coverage
#--   - [ ] CI dashboards and testing monitored rigorously
#--   - [X] Key API features are exposed in wrapping interface
#--   - [ ] All requirements of Levels 4,3,2,1
#--
#-- ## Compliance Level 4 star (Very high-quality code, perhaps small community dependance)
#--   - [X] Meets all ITK code style standards
#--   - [ ] No external requirements beyond those needed by ITK proper
#--   - [ ] Builds and passes tests on all supported platforms within 1 month of each core tagged release
#--            - [ ] Windows Shared Library Build with Visual Studio
#--            - [ ] Mac with clang compiller
#--            - [ ] Linux with gcc compiler
#--   - [ ] Active developer community dedicated to maintaining code-base
#--   - [ ] 75% code coverage demonstrated for testing suite
#--   - [ ] Continuous integration testing performed
#--   - [ ] All requirements of Levels 3,2,1
#--
#-- ## Compliance Level 3 star (Quality beta code)
#--   - [ ] API | executable interface is considered mostly stable and feature complete
#--   - [ ] 10% C0-code coverage demonstrated for testing suite
#--   - [X] Some tests exist and pass on at least some platform
#--   - [X] All requirements of Levels 2,1
#--
#-- ## Compliance Level 2 star (Alpha code feature API development or niche community/execution environment dependance )
#--   - [X] Compiles for at least 1 niche set of execution envirionments, and perhaps others
#--         (may depend on specific external tools like a java environment, or specific external libraries to work )
#--   - [X] All requirements of Levels 1
#--
#-- ## Compliance Level 1 star (Pre-alpha features under development and code of unknown quality)
#--   - [X] Code complies on at least 1 platform
#--
#-- ## Compliance Level 0 star ( Code/Feature of known poor-quality or deprecated status )
#--   - [ ] Code reviewed and explicitly identified as not recommended for use
#--
#-- ### Please document here any justification for the criteria above
#       The module needs LibTorch and JSON for Modern C++, which ITK does not bring. Torch_DIR and
#       nlohmann_json_INCLUDE_DIR tell ITK's build where they are. scripts/test-in-itk.sh builds and tests the module
#       inside of ITK's source tree.

# This file belongs into ITK's folder Modules/Remote. There, GIT_TAG should be the hash of a commit.
# Contact: The ITKLatentSpaceSuperResolution developers
itk_fetch_module(
  LatentSpaceSuperResolution
  "This module computes stacks of thin slices from stacks of thick slices. It
  decodes mixed latents of an autoencoder that is trained on the stacks
  themselves, without high-resolution examples. It also has image quality
  metrics.
  Unsupervised Super-Resolution: Creating High-Resolution Medical Images from
  Low-Resolution Anisotropic Examples
  https://arxiv.org/abs/2010.13172"
  MODULE_COMPLIANCE_LEVEL 2
  GIT_REPOSITORY https://github.com/InsightSoftwareConsortium/ITKLatentSpaceSuperResolution.git
  GIT_TAG main
  )
