"""Whole networks of the operators' papers, from our operators, with the counts that are known of them.

Counts of other papers show nothing about an operator of ours, and have no test: FunnelNet and the network for drowsy
drivers are layers of torch alone, Inception-v4 and Inception-ResNet are convolutions without padding and of other
widths side by side, which no cell has, and SReT is a transformer. Of its rules, recursion is tested on cells.
NASNet-A's 7@2304 and 7@1920 do not follow from its released code: its cells give 32.6M and 24.6M parameters, where
27.6M and 22.6M are told of them.
"""
