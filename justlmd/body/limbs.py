"""The limbs of a body, which may be hidden while the rest is seen."""

LIMBS = ("left_arm", "right_arm", "left_leg", "right_leg")
LIMB_LANDMARKS = ((13, 15), (14, 16), (25, 27), (26, 28))
"""MediaPipe's landmarks of each: elbow and wrist, knee and ankle."""
