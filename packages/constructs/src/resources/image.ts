import { HARDENED_REGISTRY, HARDENED_REPOSITORY, WHOLE_REFERENCE } from '@istio-install-cni/config-schema'
import {
  all,
  appVersion,
  contains,
  equals,
  firstOf,
  matches,
  named,
  not,
  text,
  value,
  when,
} from '../expressions/index.ts'

/** What the original's chart calls its image. */
const originalName = 'install-cni'

/** The version that is installed; without the variant. */
export const tag = named('tag', firstOf(value('tag'), value('global.tag'), appVersion))

const hub = named('hub', firstOf(value('hub'), value('global.hub')))
const image = named('image', firstOf(value('image'), originalName))
const variant = named('variant', firstOf(value('variant'), value('global.variant')))
/** A digest at its end already says which variant it is. */
const tagOfVariant = named(
  'tagOfVariant',
  when(all(variant, not(contains(tag, '@'))), text`${tag}-${variant}`, tag),
)
const nameInHub = named(
  'nameInHub',
  when(
    hub,
    text`${hub}/${image}`,
    when(
      equals(image, originalName),
      `${HARDENED_REGISTRY}/${HARDENED_REPOSITORY}`,
      text`${HARDENED_REGISTRY}/${image}`,
    ),
  ),
)

/**
 * A reference with tag or digest is taken whole; one with a registry gets the tag; a bare name is looked for in the
 * hub, or else among the hardened images, and gets tag and variant.
 */
export const imageReference = when(
  matches(image, WHOLE_REFERENCE),
  image,
  when(contains(image, '/'), text`${image}:${tag}`, text`${nameInHub}:${tagOfVariant}`),
)
