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

#include "itkTorchThreadScope.h"

#include <ATen/Parallel.h>

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace
{
/** Sets the number of threads of the process for a test. */
class NumberOfThreads
{
public:
  explicit NumberOfThreads(int number)
    : m_Previous(at::get_num_threads())
  {
    at::set_num_threads(number);
  }
  ~NumberOfThreads() { at::set_num_threads(m_Previous); }

private:
  int m_Previous;
};

/** The number that LibTorch gives to a new thread. */
int
GetNumberOfNewThread()
{
  return std::async(std::launch::async, [] { return at::get_num_threads(); }).get();
}

/** A scope in a separate thread, opened and closed on demand. */
class ScopeInThread
{
public:
  /** \param ownNumber the number that the thread sets before the scope; 0 for none */
  explicit ScopeInThread(int number, int ownNumber = 0)
    : m_Thread([this, number, ownNumber] {
      if (ownNumber > 0)
      {
        at::set_num_threads(ownNumber);
        // LibTorch keeps a number only for threads that have called this function.
        at::get_num_threads();
      }
      m_IsStarted.set_value();
      m_Open.get_future().wait();
      {
        const itk::TorchThreadScope scope(number);
        m_IsOpen.set_value(at::get_num_threads());
        m_Close.get_future().wait();
        m_NumberAtEnd = at::get_num_threads();
      }
      m_IsClosed.set_value(at::get_num_threads());
    })
  {
    m_IsStarted.get_future().wait();
  }
  ~ScopeInThread() { m_Thread.join(); }

  /** Returns the number in the scope. */
  int
  Open()
  {
    m_Open.set_value();
    return m_IsOpen.get_future().get();
  }

  /** Returns the thread's number after the scope. */
  int
  Close()
  {
    m_Close.set_value();
    return m_IsClosed.get_future().get();
  }

  /** The number at the end of the scope, after Close(). */
  int
  GetNumberAtEnd() const
  {
    return m_NumberAtEnd;
  }

private:
  std::promise<void> m_IsStarted;
  std::promise<void> m_Open;
  std::promise<int>  m_IsOpen;
  std::promise<void> m_Close;
  std::promise<int>  m_IsClosed;
  int                m_NumberAtEnd{ 0 };
  std::thread        m_Thread;
};
} // namespace

TEST(TorchThreadScope, SetsTheNumberDuringItsLifetime)
{
  const NumberOfThreads number(3);
  {
    const itk::TorchThreadScope scope(2);
    EXPECT_EQ(at::get_num_threads(), 2);
    {
      const itk::TorchThreadScope inner(1);
      EXPECT_EQ(at::get_num_threads(), 1);
      const itk::TorchThreadScope none(0);
      EXPECT_EQ(at::get_num_threads(), 1);
    }
    EXPECT_EQ(at::get_num_threads(), 2);
  }
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(GetNumberOfNewThread(), 3);
}

TEST(TorchThreadScope, RestoresTheNumberWhenScopesOfTwoThreadsOverlap)
{
  const NumberOfThreads number(3);
  ScopeInThread         a(1);
  ScopeInThread         b(2);
  EXPECT_EQ(a.Open(), 1);
  EXPECT_EQ(b.Open(), 2);
  EXPECT_EQ(a.Close(), 3);
  EXPECT_EQ(b.Close(), 3);
  EXPECT_EQ(a.GetNumberAtEnd(), 1);
  EXPECT_EQ(b.GetNumberAtEnd(), 2);
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(GetNumberOfNewThread(), 3);
}

TEST(TorchThreadScope, RestoresTheNumberWhenOneScopeLiesWithinThatOfAnotherThread)
{
  const NumberOfThreads number(3);
  ScopeInThread         a(1);
  ScopeInThread         b(2);
  EXPECT_EQ(a.Open(), 1);
  EXPECT_EQ(b.Open(), 2);
  EXPECT_EQ(b.Close(), 3);
  EXPECT_EQ(a.Close(), 3);
  EXPECT_EQ(a.GetNumberAtEnd(), 1);
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(GetNumberOfNewThread(), 3);
}

TEST(TorchThreadScope, DoesNotHandItsNumberToOtherThreads)
{
  const NumberOfThreads number(3);
  ScopeInThread         a(1);
  ScopeInThread         b(0);
  EXPECT_EQ(a.Open(), 1);
  // This thread has not used LibTorch yet.
  EXPECT_EQ(b.Open(), 3);
  EXPECT_EQ(a.Close(), 3);
  EXPECT_EQ(b.Close(), 3);
  EXPECT_EQ(GetNumberOfNewThread(), 3);
}

TEST(TorchThreadScope, LeavesEachThreadItsOwnNumber)
{
  const NumberOfThreads number(3);
  ScopeInThread         a(1);
  ScopeInThread         b(2, 5);
  at::set_num_threads(3);
  EXPECT_EQ(a.Open(), 1);
  EXPECT_EQ(b.Open(), 2);
  EXPECT_EQ(a.Close(), 3);
  EXPECT_EQ(b.Close(), 5);
  EXPECT_EQ(at::get_num_threads(), 3);
  EXPECT_EQ(GetNumberOfNewThread(), 3);
}
