"""The listening side: who may call, what was asked, and how the answer is sent."""
