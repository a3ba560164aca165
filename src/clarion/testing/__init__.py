"""What tests need, ours and third-party providers': the contract suite, servers on loopback, the ports in memory."""
