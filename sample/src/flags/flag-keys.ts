/** The keys of the flags in sample/flags.json. */
export const NEW_CHECKOUT = 'new-checkout';
export const HOME_PAGE = 'home-page';
export const UPLOAD_LIMIT = 'upload-limit';
export const SHOP_LOOK = 'shop-look';
export const SAME_DAY_DISPATCH = 'same-day-dispatch';
