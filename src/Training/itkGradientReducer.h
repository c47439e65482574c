/*=========================================================================
 *
 *  Copyright NumFOCUS
 *
 *  Licensed under the Apache License, Version 2.0 (the "License");
 *  you may not use this file except in compliance with the License.
 *  You may obtain a copy of the License at
 *
 *         https://www.apache.org/licenses/LICENSE-2.0.txt
 *
 *  Unless required by applicable law or agreed to in writing, software
 *  distributed under the License is distributed on an "AS IS" BASIS,
 *  WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 *  See the License for the specific language governing permissions and
 *  limitations under the License.
 *
 *=========================================================================*/
#ifndef itkGradientReducer_h
#define itkGradientReducer_h

#include <torch/torch.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace c10d
{
class ProcessGroup;
class Work;
} // namespace c10d

namespace itk
{
/** Sums gradients over the processes of a torch.distributed process group. A single process has nothing to do.
 *
 * Parameters are gathered into buckets of about a megabyte, in the order of the backward pass: from the network's end
 * to its beginning. A bucket is sent as soon as its last gradient is computed, while the backward pass continues. */
class GradientReducer
{
public:
  /** \param groupName name of the group in `torch.distributed`; empty: a single process, and nothing to do
   * \param parameters in the order of the forward pass
   * \exception ExceptionObject if there is no such group */
  GradientReducer(const std::string & groupName, const std::vector<torch::Tensor> & parameters);
  ~GradientReducer();

  GradientReducer(const GradientReducer &) = delete;
  GradientReducer &
  operator=(const GradientReducer &) = delete;

  int64_t
  GetRank() const
  {
    return m_Rank;
  }
  int64_t
  GetNumberOfProcesses() const
  {
    return m_NumberOfProcesses;
  }

  /** To be called before the backward pass. */
  void
  Begin();
  /** Tell that the gradient of a parameter is there. It may be called in any thread, once for each parameter. */
  void
  MarkReady(size_t parameter);
  /** Wait until the gradients are the sums over all processes. */
  void
  Finish();

  /** The numbers of all processes, one list for each rank. Every process has to give as many.
   * \exception std::exception if a process is lost */
  std::vector<std::vector<int64_t>>
  Gather(const std::vector<int64_t> & numbers) const;

  /** Sum over all processes, in place. */
  void
  Sum(std::vector<double> & values) const;
  void
  Sum(torch::Tensor & tensor) const;

private:
  struct Bucket;

  void
  SumAsync(torch::Tensor & tensor, c10::intrusive_ptr<c10d::Work> & work) const;

  void
  Send(Bucket & bucket);

  c10::intrusive_ptr<c10d::ProcessGroup> m_Group;
  int64_t                                m_Rank{ 0 };
  int64_t                                m_NumberOfProcesses{ 1 };
  std::vector<std::unique_ptr<Bucket>>   m_Buckets;
  /** The bucket of each parameter. */
  std::vector<Bucket *> m_BucketOfParameter;
  std::mutex            m_Mutex;
};
} // end namespace itk

#endif // itkGradientReducer_h
